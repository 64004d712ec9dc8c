//! Every page of the service, serialised once, and how requests find them.

use std::collections::HashMap;

use dataset::{Dataset, Row, Work};

use crate::card::{detail_card, list_card};
use crate::reply::Page;
use crate::route::{Route, Target};
use crate::{Entry, GalleryError};

/// The lists and details of one dataset, as seen by the public and by one user.
pub(crate) struct Catalogue {
    puzzle_gallery: Page,
    puzzle_works: Page,
    world_gallery: Page,
    world_works: Page,
    health: Page,
    details: Vec<Detail>,
    /// Puzzles by profile id, as an index into `details`.
    puzzles: HashMap<String, usize>,
    /// Custom worlds by owner, then by profile id.
    worlds: HashMap<String, HashMap<String, usize>>,
    /// Custom worlds by public work code.
    codes: HashMap<String, usize>,
}

struct Detail {
    page: Page,
    published: bool,
    mine: bool,
}

impl Catalogue {
    /// Serialises the works that the routes show. Without a `user` it is the one with the most works.
    pub(crate) fn new(dataset: &Dataset, user: Option<&str>) -> Result<Self, GalleryError> {
        let user = user.or_else(|| dataset.busiest_owner());
        let shown = shown(dataset, user)?;
        let list = |entry, shows: fn(&Shown<'_>) -> bool| {
            let listed = shown.iter().filter(|work| work.entry == entry && shows(work));
            Page::list(&listed.map(|work| list_card(work.row)).collect::<Vec<_>>())
        };
        let mut catalogue = Self {
            puzzle_gallery: list(Entry::Puzzle, |shown| shown.work.published),
            puzzle_works: list(Entry::Puzzle, |shown| shown.mine),
            world_gallery: list(Entry::CustomWorld, |shown| shown.work.published),
            world_works: list(Entry::CustomWorld, |shown| shown.mine),
            health: Page::health(),
            details: Vec::with_capacity(shown.len()),
            puzzles: HashMap::new(),
            worlds: HashMap::new(),
            codes: HashMap::new(),
        };
        shown.iter().for_each(|shown| catalogue.add(shown));
        Ok(catalogue)
    }

    /// The page behind a path, if the one who asks may see it. Where two works have the same ids,
    /// the first of the dataset is found.
    pub(crate) fn find(&self, target: &Target<'_>) -> Option<&Page> {
        let (first, second) = target.ids()?;
        match target.route {
            Route::PuzzleGallery => Some(&self.puzzle_gallery),
            Route::PuzzleWorks => Some(&self.puzzle_works),
            Route::WorldGallery => Some(&self.world_gallery),
            Route::WorldWorks => Some(&self.world_works),
            Route::Health => Some(&self.health),
            Route::PuzzleGalleryDetail => self.public(self.puzzles.get(&*first)?),
            Route::PuzzleWorksDetail => self.personal(self.puzzles.get(&*first)?),
            Route::WorldGalleryDetail => self.public(self.worlds.get(&*first)?.get(&*second)?),
            Route::WorldGalleryByCode => self.public(self.codes.get(&*first)?),
            Route::Other => None,
        }
    }

    fn public(&self, index: &usize) -> Option<&Page> {
        self.details.get(*index).filter(|detail| detail.published).map(|detail| &detail.page)
    }

    fn personal(&self, index: &usize) -> Option<&Page> {
        self.details.get(*index).filter(|detail| detail.mine).map(|detail| &detail.page)
    }

    fn add(&mut self, shown: &Shown<'_>) {
        let index = self.details.len();
        let Shown { work, row, entry, mine } = *shown;
        let page = Page::detail(&detail_card(row));
        self.details.push(Detail { page, published: work.published, mine });
        match entry {
            Entry::Puzzle => {
                self.puzzles.entry(work.profile_id.clone()).or_insert(index);
            }
            Entry::CustomWorld => self.add_world(work, index),
        }
    }

    fn add_world(&mut self, work: &Work, index: usize) {
        if let Some(owner) = &work.owner_user_id {
            let owned = self.worlds.entry(owner.clone()).or_default();
            owned.entry(work.profile_id.clone()).or_insert(index);
        }
        if let Some(code) = &work.work_code {
            self.codes.entry(code.clone()).or_insert(index);
        }
    }
}

/// A work that has routes, with its row.
struct Shown<'a> {
    work: &'a Work,
    row: &'a Row,
    entry: Entry,
    mine: bool,
}

/// The works that have routes, in the order of the dataset. Works of other kinds are left out.
fn shown<'a>(dataset: &'a Dataset, user: Option<&str>) -> Result<Vec<Shown<'a>>, GalleryError> {
    let rows = rows_by_work(dataset);
    let mut shown = Vec::with_capacity(dataset.works().len());
    for (index, work) in dataset.works().iter().enumerate() {
        let Ok(entry) = work.kind.parse::<Entry>() else { continue };
        let owner = work.owner_user_id.as_deref();
        let row = rows
            .get(&(work.table.as_str(), work.profile_id.as_str(), owner))
            .ok_or(GalleryError::MissingRow { index })?;
        shown.push(Shown { work, row, entry, mine: owner.is_some() && owner == user });
    }
    Ok(shown)
}

/// Table, profile id and owner: what names a row.
type RowKey<'a> = (&'a str, &'a str, Option<&'a str>);

fn rows_by_work(dataset: &Dataset) -> HashMap<RowKey<'_>, &Row> {
    let mut rows = HashMap::new();
    for (table, row) in
        dataset.tables().iter().flat_map(|(t, rows)| rows.iter().map(move |r| (t, r)))
    {
        let text = |column: &str| row.get(column).and_then(|value| value.as_str());
        if let Some(profile_id) = text("profile_id") {
            rows.entry((table.as_str(), profile_id, text("owner_user_id"))).or_insert(row);
        }
    }
    rows
}
