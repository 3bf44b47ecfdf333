//! What a profile says of each stack.

use super::{Origin, Profile, ProfileError};
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

    /// Every cost of every stack by its key path, with the stack's origin.
    pub fn stack_costs(&self) -> Vec<(String, Cycles, Origin)> {
        let known = Stack::ALL.into_iter().filter_map(|stack| Some((stack, self.costs(stack)?)));
        let of = |(stack, costs): (Stack, &StackCost)| {
            let all = costs.costs().filter(move |(cost, _)| cost.stacks.contains(&stack));
            let origin = costs.origin;
            all.map(move |(cost, cycles)| (cost.key(stack), cycles, origin)).collect::<Vec<_>>()
        };
        known.flat_map(of).collect()
    }

    /// Gives a value to what a profile leaves out that was written before its stack had such a cost.
    pub(super) fn complete(&mut self, table: &toml::Table) -> Result<(), ProfileError> {
        for stack in Stack::ALL {
            let given = table.get(stack.table()).and_then(toml::Value::as_table);
            let (Some(given), Some(costs)) = (given, self.costs_mut(stack)) else { continue };
            for cost in stack::COSTS.iter().filter(|cost| cost.stacks.contains(&stack)) {
                let is_given =
                    [Some(cost.name), cost.former].into_iter().flatten().any(|name| given.contains_key(name));
                match cost.before(stack) {
                    _ if is_given => {}
                    Some(before) => *cost.of(costs) = before,
                    None => {
                        return Err(ProfileError::Value {
                            key: cost.key(stack),
                            value: "missing".into(),
                            allowed: "a cost in cycles",
                        });
                    }
                }
            }
        }
        Ok(())
    }
}
