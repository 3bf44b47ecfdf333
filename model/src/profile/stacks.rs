//! What a profile says of each stack.

use super::Profile;
use crate::stack::{self, Stack, StackCost};
use crate::units::Cycles;

impl Profile {
    /// What a stack costs, where that is known.
    pub fn costs(&self, stack: Stack) -> Option<&StackCost> {
        match stack {
            Stack::Kernel => Some(&self.stack),
            Stack::Xdp => self.xdp.as_ref(),
            Stack::Vector => self.vector.as_ref(),
        }
    }

    /// The same, to be changed.
    pub fn costs_mut(&mut self, stack: Stack) -> Option<&mut StackCost> {
        match stack {
            Stack::Kernel => Some(&mut self.stack),
            Stack::Xdp => self.xdp.as_mut(),
            Stack::Vector => self.vector.as_mut(),
        }
    }

    /// A cost of a stack by its key path, such as `stack.send` or `vector.forward`, to read or to set.
    pub fn stack_cost_mut(&mut self, key: &str) -> Option<&mut Cycles> {
        let (table, name) = key.split_once('.')?;
        let stack = Stack::ALL.into_iter().find(|stack| stack.table() == table)?;
        let cost = stack::find(name).filter(|cost| cost.stacks.contains(&stack))?;
        Some(cost.of(self.costs_mut(stack)?))
    }

    /// Every cost of every stack by its key path, in the order of a packet's way.
    pub fn stack_costs(&self) -> Vec<(String, Cycles)> {
        let known = Stack::ALL.into_iter().filter_map(|stack| Some((stack, self.costs(stack)?)));
        let of = |(stack, costs): (Stack, &StackCost)| {
            let all = costs.costs().filter(move |(cost, _)| cost.stacks.contains(&stack));
            all.map(move |(cost, cycles)| (cost.key(stack), cycles)).collect::<Vec<_>>()
        };
        known.flat_map(of).collect()
    }
}
