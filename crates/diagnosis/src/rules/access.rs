//! Who may see what.

use metrics::{Finding, Severity};

use super::finding;
use crate::case::Case;
use crate::class::Class;
use crate::seen::seconds;

pub(super) fn unauthorized(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::Unauthorized)?;
    let accepted = case.seen(|span| span.auth && span.expected);
    let means = match accepted {
        Some(accepted) if seen.follow(accepted.last_at()) => format!(
            "It was accepted until {}: it expired, or was withdrawn, during the run",
            seconds(accepted.last_at())
        ),
        Some(_) => {
            "It was accepted at times: several api-servers answer, and not all of them know \
                    it, or it may see some of these lists only (403)"
                .to_owned()
        }
        None => "AUTH_TOKEN is no access token that this api-server knows: expired, of another \
                 environment, or of a user who may not see these lists (403)"
            .to_owned(),
    };
    Some(finding(
        ("unauthorized", Severity::Problem),
        "The token was not accepted (401 or 403)",
        &seen,
        means,
        &[
            "Log in at the api-server that BASE_URL names, and give the new access token with \
             AUTH_TOKEN or --auth-token-file",
            "Without AUTH_TOKEN the personal lists are left out",
        ],
    ))
}

pub(super) fn public_unauthorized(case: &Case<'_>) -> Option<Finding> {
    let seen = case.failures(Class::PublicUnauthorized)?;
    Some(finding(
        ("public-unauthorized", Severity::Problem),
        "Endpoints without a token want authorization (401 or 403)",
        &seen,
        "The public lists need no token, so something else answers: a proxy with a password, a \
         firewall that takes the load for an attack, or another service",
        &[
            "See that BASE_URL is the api-server, with the port from its start-up log",
            "Ask for one of the paths by hand: curl -i",
            "Let the firewall or proxy in front let the load generator's address pass",
        ],
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Run, ids, status};

    #[test]
    fn a_wrong_token_is_told_by_endpoints_that_carry_it() {
        for (name, code, id) in [
            ("personal-list", 401, "unauthorized"),
            ("personal-list", 403, "unauthorized"),
            ("personal-detail", 401, "unauthorized"),
            ("list", 401, "public-unauthorized"),
            ("list", 403, "public-unauthorized"),
        ] {
            let run = Run::new().span(name, status(code), 3).span("list", status(200), 3);
            assert_eq!(ids(&run), [id]);
            assert!(run.finding(id).next.join(" ").contains("BASE_URL"));
        }
        assert!(ids(&Run::new().span("personal-list", status(200), 3)).is_empty());
    }

    #[test]
    fn a_token_that_expires_is_told_from_one_that_was_never_known() {
        let refused = |run: Run| run.span("personal-list", status(401), 3).between(5_000, 9_000);
        let means = |run: Run| refused(run).finding("unauthorized").means;
        assert!(means(Run::new()).starts_with("AUTH_TOKEN is no access token"));
        let accepted = |last| Run::new().span("personal-list", status(200), 3).between(0, last);
        assert!(means(accepted(5_300)).starts_with("It was accepted until 5.3 s"));
        assert!(means(accepted(4_900)).starts_with("It was accepted until 4.9 s"));
        assert!(means(accepted(9_000)).starts_with("It was accepted at times"));
    }
}
