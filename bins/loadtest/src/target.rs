//! Where the load goes: the given service, or an embedded gallery.

use std::path::Path;

use cli::{read_dataset, sample_dataset};
use dataset::Dataset;
use gallery::{EmbeddedGallery, Gallery, GalleryConfig};
use workload::BaseUrl;

use crate::failure::Failure;
use crate::settings::Common;

/// A target that is there, as far as we start it ourselves.
pub(crate) struct Target {
    pub(crate) base_url: BaseUrl,
    pub(crate) dataset: Option<Dataset>,
    /// The token's user, as far as it is known.
    pub(crate) auth_user: Option<String>,
    /// Whether the service has the works of the dataset and no others.
    pub(crate) works_imported: bool,
    /// What the first line of the output says.
    pub(crate) introduction: String,
    /// Ends when this is dropped.
    _gallery: Option<EmbeddedGallery>,
}

impl Target {
    pub(crate) fn new(settings: &Common) -> Result<Self, Failure> {
        let dataset = settings.works_data.as_deref().map(read_dataset).transpose()?;
        match &settings.base_url {
            Some(base_url) => Ok(Self::given(base_url.clone(), dataset, settings)),
            None => Self::embedded(dataset, settings),
        }
    }

    /// The target as far as a plan needs it: the embedded gallery is not started.
    pub(crate) fn planned(settings: &Common) -> Result<Self, Failure> {
        let dataset = settings.works_data.as_deref().map(read_dataset).transpose()?;
        if let Some(base_url) = &settings.base_url {
            return Ok(Self::given(base_url.clone(), dataset, settings));
        }
        let dataset = dataset.map_or_else(sample_dataset, Ok)?;
        let auth_user = settings.auth_user.clone();
        let auth_user = auth_user.or_else(|| dataset.busiest_owner().map(str::to_owned));
        let introduction =
            "BASE_URL is not set: the target would be an embedded gallery".to_owned();
        let base_url = "http://localhost".parse()?;
        let works_imported = settings.works_imported.unwrap_or(true);
        let dataset = Some(dataset);
        Ok(Target { base_url, dataset, auth_user, works_imported, introduction, _gallery: None })
    }

    fn given(base_url: BaseUrl, dataset: Option<Dataset>, settings: &Common) -> Self {
        let works = match (&dataset, &settings.works_data) {
            (Some(dataset), Some(path)) => format!(", with {}", works(dataset, path)),
            _ => String::new(),
        };
        let introduction = format!("the target is {base_url}{works}");
        let auth_user = settings.auth_user.clone();
        let works_imported = settings.works_imported.unwrap_or(false);
        Target { base_url, dataset, auth_user, works_imported, introduction, _gallery: None }
    }

    fn embedded(dataset: Option<Dataset>, settings: &Common) -> Result<Self, Failure> {
        let (dataset, path) = match (dataset, settings.works_data.as_deref()) {
            (Some(dataset), Some(path)) => (dataset, path),
            _ => (sample_dataset()?, Path::new("the committed sample")),
        };
        let served = works(&dataset, path);
        let busiest = || dataset.busiest_owner().map(str::to_owned);
        let auth_user = settings.auth_user.clone().or_else(busiest);
        let mut config = GalleryConfig::new();
        if let Some(token) = &settings.auth_token {
            config = config.auth_token(gallery::AuthToken::new(token.as_str())?);
        }
        if let Some(user) = &auth_user {
            config = config.auth_user(user);
        }
        let gallery = EmbeddedGallery::start(Gallery::new(&dataset, config)?)?;
        let base_url: BaseUrl = gallery.base_url().parse()?;
        let introduction =
            format!("BASE_URL is not set: the embedded gallery serves {served} on {base_url}");
        let (dataset, gallery) = (Some(dataset), Some(gallery));
        let works_imported = settings.works_imported.unwrap_or(true);
        Ok(Target { base_url, dataset, auth_user, works_imported, introduction, _gallery: gallery })
    }
}

fn works(dataset: &Dataset, path: &Path) -> String {
    format!("the {} works of {}", dataset.works().len(), path.display())
}
