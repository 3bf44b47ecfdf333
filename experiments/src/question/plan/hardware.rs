//! What is counted of a design.

/// The most that the search tries of each kind; the model takes no more.
pub const MOST: Hardware = Hardware { cores: 256, nics: 16, accelerators: 16 };

/// What is counted of a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardware {
    /// Cores of the data path.
    pub cores: u32,
    /// NICs.
    pub nics: u32,
    /// Lookaside accelerators; zero in designs without.
    pub accelerators: u32,
}

/// A kind of hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// A core.
    Core,
    /// A NIC.
    Nic,
    /// A lookaside accelerator.
    Accelerator,
}

impl Component {
    /// Every kind.
    pub const ALL: [Component; 3] = [Component::Core, Component::Nic, Component::Accelerator];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Component::Core => "core",
            Component::Nic => "NIC",
            Component::Accelerator => "accelerator",
        }
    }
}

impl Hardware {
    /// How many there are of a kind.
    pub fn of(&self, part: Component) -> u32 {
        match part {
            Component::Core => self.cores,
            Component::Nic => self.nics,
            Component::Accelerator => self.accelerators,
        }
    }

    /// The same with another number of a kind.
    #[must_use]
    pub fn with(mut self, part: Component, n: u32) -> Self {
        match part {
            Component::Core => self.cores = n,
            Component::Nic => self.nics = n,
            Component::Accelerator => self.accelerators = n,
        }
        self
    }

    /// PCIe slots: one for every device.
    pub fn slots(&self) -> u32 {
        self.nics + self.accelerators
    }
}

/// How much of each kind a load takes, in pieces and parts of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needed {
    /// Cores.
    pub cores: f64,
    /// NICs.
    pub nics: f64,
    /// Lookaside accelerators.
    pub accelerators: f64,
}

impl Needed {
    /// How much of a kind.
    pub fn of(&self, part: Component) -> f64 {
        match part {
            Component::Core => self.cores,
            Component::Nic => self.nics,
            Component::Accelerator => self.accelerators,
        }
    }
}
