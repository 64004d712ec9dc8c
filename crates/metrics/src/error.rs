use thiserror::Error;

/// Why a metric selector, a statistic or a threshold cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricsError {
    /// The text is not of the form `name` or `name{tag:value,tag:value}`.
    #[error("`{0}` is not a metric: write `name` or `name{{tag:value}}`")]
    Key(String),
    /// The text names no statistic.
    #[error("`{0}` is not a statistic: use avg, min, med, max, count or p(N) with N from 0 to 100")]
    Stat(String),
    /// The text is not a threshold expression.
    #[error("`{0}` is not a threshold: write for example `p(95)<800`, `rate<0.01` or `count==0`")]
    Threshold(String),
    /// The text is not the length of a threshold's window.
    #[error("`{0}` is not a window: write for example `window=10s`, in whole seconds up to 24h")]
    Window(String),
}
