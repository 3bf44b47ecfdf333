//! What is counted of a design.

/// The most that the search tries of each kind in a host; the model takes no more.
pub const MOST: Hardware = Hardware { hosts: 64, cores: 256, nics: 16, accelerators: 16 };

/// What is counted of a design: hosts that share the load evenly, and what each of them has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hardware {
    /// Hosts.
    pub hosts: u32,
    /// Cores of the data path of a host.
    pub cores: u32,
    /// NICs of a host.
    pub nics: u32,
    /// Lookaside accelerators of a host; zero in designs without.
    pub accelerators: u32,
}

/// What fits into a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Cores of the data path.
    pub cores: u32,
    /// PCIe slots for NICs and accelerators.
    pub slots: u32,
}

impl Room {
    /// Whether a host has room for so much.
    pub fn holds(&self, hardware: &Hardware) -> bool {
        hardware.cores <= self.cores && hardware.slots() <= self.slots
    }
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

    /// Cores of all hosts.
    pub fn all_cores(&self) -> u32 {
        self.hosts * self.cores
    }

    /// PCIe slots of a host: one for every device.
    pub fn slots(&self) -> u32 {
        self.nics + self.accelerators
    }
}

/// How much of each kind a load takes of a host, in pieces and parts of one.
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
