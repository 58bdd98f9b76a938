//! A flag for every key of the policy, made from the one table of keys. It never lists a key itself.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};
use dbwright_analysis::policy::{KEYS, Key};

/// Heading of these flags in help texts and documents.
pub const HEADING: &str = "Policy, one flag a key";

/// Keys of the policy as flags set them, in the order of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyFlags {
    /// Names of keys and their values.
    pub settings: Vec<(String, String)>,
}

/// The flag of a key: its name with `-` for `.` and `_`.
#[must_use]
pub fn flag(key: &Key) -> String {
    key.name.replace(['.', '_'], "-")
}

impl Args for PolicyFlags {
    fn augment_args(command: Command) -> Command {
        KEYS.iter().fold(command, |command, key| command.arg(argument(key)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PolicyFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    /// Values from the environment are left to the reader of the environment, under which these lie.
    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for key in KEYS {
            if matches.value_source(key.name) == Some(ValueSource::CommandLine) {
                let values = matches.get_many::<String>(key.name).unwrap_or_default();
                self.settings.extend(values.map(|value| (key.name.to_owned(), value.clone())));
            }
        }
        Ok(())
    }
}

fn argument(key: &'static Key) -> Arg {
    Arg::new(key.name)
        .long(flag(key))
        .value_name(key.value)
        .help(key.description)
        .env(key.environment)
        .hide_env_values(true)
        .action(if key.repeatable { ArgAction::Append } else { ArgAction::Set })
        .help_heading(HEADING)
        .hide_short_help(true)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn settings(arguments: &[&str]) -> Vec<(String, String)> {
        match Cli::try_parse_from([&["dbwright", "review", "x"], arguments].concat()).expect("arguments").command {
            Command::Review(args) => args.policy.keys.settings,
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_key_has_its_flag() {
        for key in KEYS {
            let value = format!("--{}=some value", flag(key));
            assert_eq!(settings(&[&value]), [(key.name.to_owned(), "some value".to_owned())]);
        }
        assert_eq!(settings(&[]), []);
    }

    #[test]
    fn repeatable_keys_may_be_repeated_and_others_not() {
        assert_eq!(settings(&["--sla", "a=1", "--sla", "b=2"]).len(), 2);
        assert!(Cli::try_parse_from(["dbwright", "review", "x", "--gates-schema=advisory", "--gates-schema=blocking"]).is_err());
    }
}
