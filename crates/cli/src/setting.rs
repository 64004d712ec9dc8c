use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use zeroize::Zeroizing;

use crate::{CliError, read_token};

type Variable = dyn Fn(&str) -> Option<OsString>;

/// The environment variables, behind a function so that tests need no process of their own.
pub struct Environment {
    variable: Box<Variable>,
}

impl Environment {
    /// The variables of this process.
    pub fn of_process() -> Self {
        Self::from_fn(|name| std::env::var_os(name))
    }

    /// The variables that a function knows.
    pub fn from_fn(variable: impl Fn(&str) -> Option<OsString> + 'static) -> Self {
        Environment { variable: Box::new(variable) }
    }

    /// A variable's text. One that is empty counts as not set, as some shells cannot unset any.
    ///
    /// # Errors
    ///
    /// [`CliError::NotText`] if it is not UTF-8.
    pub fn variable(&self, name: &str) -> Result<Option<String>, CliError> {
        let value = (self.variable)(name).filter(|value| !value.is_empty());
        let text = value.map(OsString::into_string).transpose();
        text.map_err(|_| CliError::NotText(name.to_owned()))
    }

    /// The access token without the white space around it: from the file if there is one, or else
    /// from the variable `AUTH_TOKEN`. It comes with the name of the setting that it is from.
    ///
    /// # Errors
    ///
    /// [`CliError::Token`] if the file cannot be read, [`CliError::NotText`] if the variable is not
    /// UTF-8.
    pub fn auth_token(
        &self,
        file: Option<&Path>,
    ) -> Result<Option<(&'static str, Zeroizing<String>)>, CliError> {
        if let Some(file) = file {
            let flag = "--auth-token-file";
            return Ok(Some((flag, read_token(flag, file)?)));
        }
        let token = self.variable("AUTH_TOKEN")?.map(Zeroizing::new);
        Ok(token.map(|token| ("AUTH_TOKEN", Zeroizing::new(token.trim().to_owned()))))
    }

    /// A setting: the flag's value if it was typed, or else that of the variable with the flag's
    /// name in capitals, such as `MAX_VUS` for `max-vus`.
    ///
    /// # Errors
    ///
    /// [`CliError::NotText`] if the variable is not UTF-8.
    pub fn setting(
        &self,
        typed: Option<String>,
        flag: &'static str,
    ) -> Result<Option<Setting>, CliError> {
        if let Some(text) = typed.filter(|text| !text.is_empty()) {
            return Ok(Some(Setting { flag, is_typed: true, text }));
        }
        let text = self.variable(&variable_name(flag))?;
        Ok(text.map(|text| Setting { flag, is_typed: false, text }))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}

/// A value as the user wrote it, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    flag: &'static str,
    /// As a flag, and not as a variable.
    is_typed: bool,
    text: String,
}

fn variable_name(flag: &str) -> String {
    flag.replace('-', "_").to_ascii_uppercase()
}

impl Setting {
    /// The text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value that `parse` makes of the text.
    ///
    /// # Errors
    ///
    /// [`CliError::Invalid`] with `expected` where it makes none.
    pub fn parse_with<T>(
        &self,
        parse: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Result<T, CliError> {
        parse(self.text.trim()).ok_or_else(|| self.invalid(expected))
    }

    /// A whole number from 0.
    ///
    /// # Errors
    ///
    /// [`CliError::Invalid`], as the others.
    pub fn whole_number<T: TryFrom<u64>>(&self) -> Result<T, CliError> {
        let number =
            self.parse_with(|text| text.parse::<u64>().ok(), "a whole number, 0 or more")?;
        T::try_from(number).map_err(|_| self.invalid("smaller"))
    }

    /// A whole number from 1.
    ///
    /// # Errors
    ///
    /// [`CliError::Invalid`], as the others.
    pub fn positive_number<T: TryFrom<u64>>(&self) -> Result<T, CliError> {
        let parse = |text: &str| text.parse::<u64>().ok().filter(|&number| number > 0);
        let number = self.parse_with(parse, "a whole number, 1 or more")?;
        T::try_from(number).map_err(|_| self.invalid("smaller"))
    }

    /// A number from 0 to 1.
    ///
    /// # Errors
    ///
    /// [`CliError::Invalid`], as the others.
    pub fn share(&self) -> Result<f64, CliError> {
        let parse = |text: &str| text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        self.parse_with(parse, "a number from 0 to 1")
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// [`CliError::Invalid`], as the others.
    pub fn truth(&self) -> Result<bool, CliError> {
        self.parse_with(|text| text.parse().ok(), "true or false")
    }

    /// A duration with its unit, such as `500ms`, `30s`, `3m` or `1m30s`.
    ///
    /// # Errors
    ///
    /// [`CliError::Invalid`], as the others.
    pub fn duration(&self) -> Result<Duration, CliError> {
        self.parse_with(duration, "a duration such as 500ms, 30s, 3m or 1m30s")
    }

    /// A duration that is longer than zero.
    ///
    /// # Errors
    ///
    /// [`CliError`] if it is none.
    pub fn positive_duration(&self) -> Result<Duration, CliError> {
        let duration = Some(self.duration()?).filter(|duration| !duration.is_zero());
        duration.ok_or_else(|| self.invalid("longer than zero"))
    }

    /// The error that this setting must be something else.
    pub fn invalid(&self, expected: &str) -> CliError {
        CliError::Invalid { setting: self.to_string(), expected: expected.to_owned() }
    }
}

/// Reads a duration with its unit, such as `9ms`, `1.5s` or `1m30s`; `None` where the text is none.
pub fn duration(text: &str) -> Option<Duration> {
    Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whatever was pasted stays on one line and within it.
        let text: String = self.text.chars().take(60).collect::<String>().escape_debug().collect();
        match self.is_typed {
            true => write!(f, "--{} {text}", self.flag),
            false => write!(f, "{}={text}", variable_name(self.flag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str) -> Setting {
        Setting { flag: "x", is_typed: true, text: text.to_owned() }
    }

    #[test]
    fn a_flag_goes_before_its_variable_and_an_empty_one_is_not_set() {
        let environment = Environment::from_fn(|name| match name {
            "SOME_NUMBER" => Some("v".into()),
            "EMPTY" => Some("".into()),
            _ => None,
        });
        let shown = |typed: Option<&str>, flag| {
            let setting = environment.setting(typed.map(str::to_owned), flag).unwrap();
            setting.map(|setting| setting.to_string())
        };
        assert_eq!(shown(Some("f"), "some-number").as_deref(), Some("--some-number f"));
        assert_eq!(shown(Some(""), "some-number").as_deref(), Some("SOME_NUMBER=v"));
        assert_eq!(shown(None, "some-number").as_deref(), Some("SOME_NUMBER=v"));
        assert_eq!(shown(None, "empty"), None);
        assert_eq!(shown(None, "absent"), None);
    }

    #[test]
    fn a_token_is_trimmed_and_its_file_goes_before_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "of-the-file\n").unwrap();
        let environment =
            Environment::from_fn(|name| (name == "AUTH_TOKEN").then(|| " of-the-variable ".into()));
        let (setting, token) = environment.auth_token(Some(&file)).unwrap().unwrap();
        assert_eq!((setting, token.as_str()), ("--auth-token-file", "of-the-file"));
        let (setting, token) = environment.auth_token(None).unwrap().unwrap();
        assert_eq!((setting, token.as_str()), ("AUTH_TOKEN", "of-the-variable"));
        assert!(Environment::from_fn(|_| None).auth_token(None).unwrap().is_none());
    }

    #[test]
    fn values_are_read_or_refused() {
        assert_eq!(setting("25").whole_number::<u32>().unwrap(), 25);
        assert_eq!(setting("0").whole_number::<u32>().unwrap(), 0);
        assert_eq!(setting("0.35").share().unwrap(), 0.35);
        assert_eq!(setting("1m30s").duration().unwrap(), Duration::from_secs(90));
        assert_eq!(setting("500ms").duration().unwrap(), Duration::from_millis(500));
        assert_eq!(setting("0s").duration().unwrap(), Duration::ZERO);
        for text in ["-5", "x", "1.5", "4294967296"] {
            assert!(setting(text).whole_number::<u32>().is_err(), "{text}");
        }
        assert!(setting("0").positive_number::<usize>().is_err());
        for text in ["2", "-0.1", "NaN", "half"] {
            assert!(setting(text).share().is_err(), "{text}");
        }
        for text in ["30", "-3s", "3 parsecs", ""] {
            assert!(setting(text).duration().is_err(), "{text}");
        }
    }

    #[test]
    fn an_error_is_one_line() {
        let error = setting("a\nb").invalid("short").to_string();
        assert_eq!(error, "--x a\\nb: must be short");
        assert!(setting(&"y".repeat(1000)).to_string().len() < 100);
    }
}
