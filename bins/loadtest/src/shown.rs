//! The settings of a run as its result shows them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use workload::{HttpVersion, TransportOptions};

use crate::settings::Common;
use crate::target::Target;

/// Settings by the name of their flag. This is a list of what may be shown: of the token and its user
/// it says only that they were set, and of files only their names, because folders are nobody's
/// business.
pub(crate) fn settings(common: &Common, target: &Target) -> BTreeMap<String, String> {
    let set = |is_set: bool| is_set.then(|| "set".to_owned());
    let all = [
        // A base URL cannot have a user name or a password.
        ("base-url", Some(target.base_url.to_string())),
        ("works-data", common.works_data.as_deref().map(file_name)),
        ("works-imported", Some(target.works_imported.to_string())),
        ("detail-ratio", Some(common.detail_ratio.to_string())),
        ("endpoints", (!common.endpoints.is_empty()).then(|| common.endpoints.join(","))),
        ("auth-token", set(common.auth_token.is_some())),
        ("auth-user", set(common.auth_user.is_some())),
        ("workers", common.workers.map(|workers| workers.to_string())),
        ("seed", Some(common.seed.to_string())),
        ("trace-share", Some(common.trace_share.to_string())),
        ("nginx-access-log", common.nginx_access_log.as_deref().map(file_name)),
    ];
    let all = all.into_iter().chain(transport(&common.transport));
    all.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn transport(options: &TransportOptions) -> [(&'static str, Option<String>); 8] {
    let http = match options.http {
        HttpVersion::Http1 => "1.1",
        HttpVersion::Http2 => "2",
        _ => "auto",
    };
    let switch = |on: bool| on.then(|| "true".to_owned());
    let certificates = (!options.ca_certificates.is_empty()).then(|| "set".to_owned());
    [
        ("http", Some(http.to_owned())),
        ("timeout", Some(duration(options.timeout))),
        ("connect-timeout", Some(duration(options.connect_timeout))),
        ("header-timeout", options.header_timeout.map(duration)),
        ("cacert", certificates),
        ("insecure", switch(options.insecure)),
        ("unix-socket", options.unix_socket.as_deref().map(file_name)),
        ("gzip", switch(options.gzip)),
    ]
}

fn duration(duration: Duration) -> String {
    format!("{duration:?}")
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
