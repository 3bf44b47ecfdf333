//! What is asked.

use std::borrow::Cow;

use espsim_model::layers::{self, Layer, LayerError, Origin};
use espsim_model::preset;
use espsim_model::profile::Profile;
use espsim_model::scenario::{Invalid, Scenario};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// What there is to choose from.
    Describe,
    /// Closed-form limits as asked, and of each of these sizes instead of the packets asked for.
    Limits {
        /// What of.
        #[serde(flatten)]
        asked: Asked,
        /// Sizes of inner IP packets, in octets.
        #[serde(default)]
        sizes: Vec<u64>,
    },
    /// The least number of cores that carries the load by closed forms.
    Cores {
        /// What of.
        #[serde(flatten)]
        asked: Asked,
    },
    /// Where limits lie under draws of the machine.
    Doubt {
        /// What of.
        #[serde(flatten)]
        asked: Asked,
        /// As of limits.
        #[serde(default)]
        sizes: Vec<u64>,
        /// How many draws.
        draws: u32,
        /// Their seed.
        seed: u64,
    },
    /// One simulation.
    Simulate {
        /// What of.
        #[serde(flatten)]
        asked: Asked,
        /// Base of seeds: that of a scenario file.
        seed: u64,
    },
}

/// A design on a machine.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    /// Text of a profile; without one that of `cpu`.
    #[serde(default)]
    profile: Option<String>,
    /// Name of a preset of hosts.
    cpu: String,
    /// Keys of a scenario with their values.
    settings: serde_json::Map<String, Value>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wrong {
    /// The key that it is about.
    pub key: String,
    /// In words.
    pub message: String,
}

impl From<LayerError> for Wrong {
    fn from(error: LayerError) -> Self {
        Wrong { key: error.key().to_owned(), message: error.to_string() }
    }
}

impl From<Invalid> for Wrong {
    fn from(error: Invalid) -> Self {
        Wrong { message: error.to_string(), key: error.key }
    }
}

impl Asked {
    /// The host.
    ///
    /// # Errors
    /// [`Wrong`] for a text that is no profile, and for an unknown name.
    pub fn host(&self) -> Result<Cow<'static, Profile>, Wrong> {
        let wrong = |message: String| Wrong { key: "profile".into(), message };
        match &self.profile {
            Some(text) => Profile::from_toml(text).map(Cow::Owned).map_err(|error| wrong(error.to_string())),
            None => preset::shared_profile(&self.cpu)
                .map(Cow::Borrowed)
                .ok_or_else(|| wrong(format!("no host is called `{}`", self.cpu))),
        }
    }

    /// The scenario, with packets of one size where that is given.
    ///
    /// # Errors
    /// [`Wrong`] at the key that is wrong.
    pub fn scenario(&self, size: Option<u64>) -> Result<Scenario, Wrong> {
        let mut layer = Layer::new();
        for (key, value) in &self.settings {
            let value = toml::Value::deserialize(value)
                .map_err(|error| Wrong { key: key.clone(), message: error.to_string() })?;
            layer.insert(key.clone(), (value, Origin::Set));
        }
        if let Some(size) = size {
            layer.remove("traffic.mix");
            layer.insert("traffic.packet".into(), (toml::Value::String(format!("{size} B")), Origin::Set));
        }
        Ok(layers::scenario(&layers::resolve(&layer)?)?)
    }
}
