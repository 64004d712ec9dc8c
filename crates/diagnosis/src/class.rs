use metrics::{Answer, BodySign, OutcomeSpan};

/// What kind of failure an answer is. Each belongs to one class, so that no request is told twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    AcceptLayer,
    BadGateway,
    Backpressure,
    DetailMissing,
    Descriptors,
    Ended,
    EntryDisabled,
    GatewayTimeout,
    Other,
    Ports,
    PublicUnauthorized,
    Redirect,
    RouteMissing,
    ServerError,
    Timeout,
    Unanswered,
    Unauthorized,
    Unavailable,
}

/// The error code of an entry that is switched off.
const ENTRY_DISABLED: &str = "creation_entry_disabled";

impl Class {
    #[cfg(test)]
    pub(crate) const ALL: [Class; 18] = [
        Class::AcceptLayer,
        Class::BadGateway,
        Class::Backpressure,
        Class::DetailMissing,
        Class::Descriptors,
        Class::Ended,
        Class::EntryDisabled,
        Class::GatewayTimeout,
        Class::Other,
        Class::Ports,
        Class::PublicUnauthorized,
        Class::Redirect,
        Class::RouteMissing,
        Class::ServerError,
        Class::Timeout,
        Class::Unanswered,
        Class::Unauthorized,
        Class::Unavailable,
    ];

    /// The class of an answer; `None` if it is an expected one and does not say what it lacks.
    pub(crate) fn of(span: &OutcomeSpan) -> Option<Class> {
        // Whatever the status is: with the expected one, it is a body of the wrong shape.
        if matches!(&span.body, BodySign::Code(code) if code == ENTRY_DISABLED) {
            return Some(Class::EntryDisabled);
        }
        if span.expected {
            return None;
        }
        Some(match &span.answer {
            Answer::Status(status) => Class::of_status(*status, span),
            Answer::Error(class) => Class::of_error(class),
            Answer::Interrupted => Class::Unanswered,
            _ => Class::Other,
        })
    }

    fn of_status(status: u16, span: &OutcomeSpan) -> Class {
        match status {
            300..=399 => Class::Redirect,
            401 | 403 if span.auth => Class::Unauthorized,
            401 | 403 => Class::PublicUnauthorized,
            404 if span.role == "detail" => Class::DetailMissing,
            404 => Class::RouteMissing,
            429 => Class::Backpressure,
            502 => Class::BadGateway,
            503 => Class::Unavailable,
            504 => Class::GatewayTimeout,
            500..=599 => Class::ServerError,
            _ => Class::Other,
        }
    }

    fn of_error(class: &str) -> Class {
        match class {
            // Linux drops the handshakes that a full accept queue has no place for.
            "refused" | "reset" | "connect_timeout" => Class::AcceptLayer,
            "closed" | "goaway" | "stream_reset" => Class::Ended,
            "timeout" | "header_timeout" => Class::Timeout,
            "descriptors" => Class::Descriptors,
            "ports" => Class::Ports,
            _ => Class::Other,
        }
    }
}
