//! What no other rule explains.

use metrics::{Finding, Severity};

use super::{JOURNAL, finding};
use crate::case::Case;
use crate::class::Class;

pub(super) fn unexplained(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Other)?;
    Some(finding(
        ("unexplained", Severity::Problem),
        "Requests failed for another reason",
        &seen,
        "No rule knows this answer; its status or class is the best hint",
        &[
            "error protocol or tls: see --http and --cacert; error connect: see the route to the \
             target; error body_too_large: the body is beyond the bound",
            "Ask for one of the paths by hand: curl -i",
            JOURNAL,
        ],
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Run, error, ids, status};

    #[test]
    fn what_is_new_is_not_hidden() {
        for answer in [status(400), status(418), status(204), status(0), error("tls"), error("new")]
        {
            let run = Run::new().span("list", answer.clone(), 2);
            assert_eq!(ids(&run), ["unexplained"], "{answer:?}");
        }
        assert!(ids(&Run::new().span("list", status(204), 2).expected()).is_empty());
    }
}
