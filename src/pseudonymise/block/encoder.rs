//! A person in; block tokens, row pseudonyms and encodings out.

use super::filter::Filters;
use super::filter::Plan;
use super::form::{BlockPass, Form};
use super::lane::{Lane, Sketches};
use super::rule::BlockRule;
use super::sketch::Orders;
use crate::pseudonymise::cipher::{Block, Message, PassKey, keyed};
use crate::pseudonymise::key::{Messages, ProjectKeys, Pseudonym, SubKey};
use crate::pseudonymise::part::{Identity, Part};
use crate::pseudonymise::recipe::digest_of;
use crate::pseudonymise::values::{Values, places};

struct Pass {
    pass: BlockPass,
    rule: usize,
    blocks: PassKey,
    tokens: PassKey,
    rows: PassKey,
    lanes: Vec<usize>,
}

struct Rule {
    rule: BlockRule,
    /// The rule's parts, as places among those of all rules.
    parts: Vec<usize>,
    key: SubKey,
}

/// Makes the encodings of every pass.
///
/// One HMAC-SHA-256 a rule turns the block's value into a digest, which is never written. Each pass
/// of the rule has keys of its own that turn the digest into the block's token, into the block's
/// key, and a record's pseudonym into the row's: passes share no token and no row.
pub struct BlockEncoder {
    /// The parts that any rule takes.
    parts: Vec<Part>,
    rules: Vec<Rule>,
    passes: Vec<Pass>,
    lanes: Vec<Lane>,
    orders: Orders,
}

/// Room for a batch of records, reused from batch to batch.
#[derive(Default)]
pub struct Workspace {
    values: Values,
    /// Of each rule the messages of its blocks, and in how many of them each person is.
    blocks: Vec<(Messages, Vec<usize>)>,
    hashed: Vec<Pseudonym>,
    /// Lane by lane of each person.
    messages: Vec<LaneMessage>,
    /// Messages of more than one block.
    long: Vec<Message>,
    /// Of each value of a pass: its place in the encodings, and the message that it goes on with.
    slots: Vec<(usize, Option<usize>)>,
    /// Of each row of a rule: the person, the number of the block, and the block's digest.
    rows: Vec<(usize, u8)>,
    digests: Vec<Block>,
    tokens: Vec<Block>,
    keys: Vec<Block>,
    names: Vec<Block>,
    plan: Plan,
    work: Vec<Block>,
    out: Vec<u8>,
}

/// The message of a lane; none where there is no value.
struct LaneMessage {
    first: Option<Block>,
    /// Its place among the long ones.
    long: Option<usize>,
}

/// A row of a pass: what leaves the owner, and whose it is.
pub struct BlockRow<'a> {
    /// The number of the pass.
    pub pass: usize,
    /// The place of the person in the batch.
    pub person: usize,
    /// The block's token in this pass.
    pub block: Pseudonym,
    /// The row's pseudonym in this pass.
    pub row: Pseudonym,
    /// The encoding.
    pub encoding: &'a [u8],
}

impl BlockEncoder {
    /// An encoder for the passes in order; `kind` separates adults from children.
    pub fn new(keys: &ProjectKeys, kind: &str, passes: &[BlockPass]) -> Self {
        let mut encoder = BlockEncoder {
            parts: Vec::new(),
            rules: Vec::new(),
            passes: Vec::new(),
            lanes: Vec::new(),
            orders: Orders::new(),
        };
        for pass in passes {
            let known = encoder.rules.iter().position(|r| r.rule == pass.rule);
            let rule = known.unwrap_or_else(|| {
                let parts = places(&mut encoder.parts, pass.rule.parts());
                encoder.rules.push(Rule {
                    parts,
                    key: keys.derive(&[&digest_of(pass.rule.parts()).hex(), "block", kind]),
                    rule: pass.rule.clone(),
                });
                encoder.rules.len() - 1
            });
            let lanes = match &pass.form {
                Form::Lanes(lanes) => lanes.iter().map(|l| encoder.lane(*l)).collect(),
                Form::Filters(_) => Vec::new(),
            };
            let digest = digest_of(pass.rule.parts()).hex();
            let form = pass.form.describe();
            let key = |what| PassKey::derive(keys, &[&digest, what, kind, pass.group, &form]);
            encoder.passes.push(Pass {
                rule,
                blocks: key("block key"),
                tokens: key("block token"),
                rows: key("block row"),
                lanes,
                pass: pass.clone(),
            });
        }
        encoder
    }

    fn lane(&mut self, lane: Lane) -> usize {
        let known = self.lanes.iter().position(|l| *l == lane);
        known.unwrap_or_else(|| {
            self.lanes.push(lane);
            self.lanes.len() - 1
        })
    }

    /// The passes in order.
    pub fn passes(&self) -> impl ExactSizeIterator<Item = &BlockPass> {
        self.passes.iter().map(|p| &p.pass)
    }

    /// Hands `emit` every row of some people, pass by pass. `records` are the pseudonyms of their
    /// records, of which a row's pseudonym is a keyed permutation. A batch of a few hundred is
    /// several times faster than one person at a time, and gives the same rows.
    pub fn encode(
        &self,
        people: &[Identity<'_>],
        records: &[Pseudonym],
        space: &mut Workspace,
        mut emit: impl FnMut(BlockRow<'_>),
    ) {
        self.take(people, space);
        for (index, rule) in self.rules.iter().enumerate() {
            rule.digests(index, space);
            for (number, pass) in self.passes.iter().enumerate() {
                if pass.rule == index {
                    pass.prepare(records, space);
                    self.emit(number, pass, people, space, &mut emit);
                }
            }
        }
    }

    /// What all passes of a person share is made once.
    fn take(&self, people: &[Identity<'_>], space: &mut Workspace) {
        space.messages.clear();
        space.blocks.resize_with(self.rules.len(), Default::default);
        for (messages, counts) in &mut space.blocks {
            messages.clear();
            counts.clear();
        }
        for who in people {
            space.values.take(&self.parts, who);
            for (rule, (messages, counts)) in self.rules.iter().zip(&mut space.blocks) {
                counts.push(space.values.messages(&rule.parts, messages));
            }
        }
        space.long.clear();
        if self.lanes.is_empty() {
            return;
        }
        for who in people {
            let sketches = Sketches::of(who, &self.orders);
            for lane in &self.lanes {
                let value = lane.value(who, &sketches);
                let message = value.map(|v| Message::new(lane.domain(), v.bytes()));
                let first = message.as_ref().map(|m| *m.first());
                let long = message.filter(Message::is_long).map(|message| {
                    space.long.push(message);
                    space.long.len() - 1
                });
                space.messages.push(LaneMessage { first, long });
            }
        }
    }

    fn emit(
        &self,
        number: usize,
        pass: &Pass,
        people: &[Identity<'_>],
        space: &mut Workspace,
        emit: &mut impl FnMut(BlockRow<'_>),
    ) {
        let width = pass.pass.form.width();
        space.out.clear();
        space.out.resize(width * space.rows.len(), 0);
        match &pass.pass.form {
            Form::Filters(filters) => pass.filters(filters, people, space),
            Form::Lanes(_) => pass.tags(self.lanes.len(), space),
        }
        let encodings = space.out.chunks_exact(width.max(1));
        let names = space.tokens.iter().zip(&space.names);
        for (((person, _), (token, row)), encoding) in space.rows.iter().zip(names).zip(encodings) {
            emit(BlockRow {
                pass: number,
                person: *person,
                block: (*token).into(),
                row: (*row).into(),
                encoding,
            });
        }
    }
}

impl Rule {
    /// The digests of the blocks that each person is in.
    fn digests(&self, index: usize, space: &mut Workspace) {
        space.rows.clear();
        space.digests.clear();
        space.hashed.clear();
        let Some((messages, counts)) = space.blocks.get(index) else {
            return;
        };
        self.key.macs(messages, &mut space.hashed);
        space
            .digests
            .extend(space.hashed.iter().map(|d| Block::from(*d)));
        for (person, count) in counts.iter().enumerate() {
            let blocks = (0..*count).map(|place| place.to_le_bytes()[0]);
            space.rows.extend(blocks.map(|block| (person, block)));
        }
    }
}

impl Pass {
    /// Block tokens, block keys and row pseudonyms of the rows, in bulk.
    fn prepare(&self, records: &[Pseudonym], space: &mut Workspace) {
        space.tokens.clone_from(&space.digests);
        self.tokens.permute(&mut space.tokens);
        space.keys.clone_from(&space.digests);
        self.blocks.permute(&mut space.keys);
        space.names.clear();
        space.names.extend(space.rows.iter().map(|(person, block)| {
            // Two rows of one record, in two blocks, have two pseudonyms.
            let mut name = records.get(*person).copied().unwrap_or_default();
            if let Some(last) = name.last_mut() {
                *last ^= *block;
            }
            Block::from(name)
        }));
        self.rows.permute(&mut space.names);
    }

    fn filters(&self, filters: &Filters, people: &[Identity<'_>], space: &mut Workspace) {
        let width = filters.width().max(1);
        let rows = space.rows.iter().zip(&space.keys);
        for (((person, _), key), out) in rows.zip(space.out.chunks_exact_mut(width)) {
            if let Some(who) = people.get(*person) {
                filters.prepare(who, &mut space.plan);
                Filters::set(&space.plan, &self.blocks, key, &mut space.work, out);
            }
        }
    }

    fn tags(&self, lanes: usize, space: &mut Workspace) {
        space.work.clear();
        space.slots.clear();
        let rows = space.rows.iter().zip(&space.keys);
        for (row, ((person, _), key)) in rows.enumerate() {
            let from = person * lanes;
            let of_person = space.messages.get(from..from + lanes).unwrap_or_default();
            let slots = row * self.lanes.len()..;
            for (slot, lane) in slots.zip(&self.lanes) {
                let message = of_person.get(*lane);
                if let Some((first, long)) = message.and_then(|m| Some((m.first?, m.long))) {
                    space.work.push(keyed(key, &first));
                    space.slots.push((slot, long));
                }
            }
        }
        self.blocks.values(&mut space.work);
        for ((slot, long), state) in space.slots.iter().zip(&mut space.work) {
            if let Some(message) = long.and_then(|place| space.long.get(place)) {
                self.blocks.finish(message, state);
            }
            if let Some(out) = space.out.get_mut(*slot) {
                *out = tag(state);
            }
        }
    }
}

/// 1 to 255 of sixteen pseudo-random bits: the chances of any two differ by less than one in 255.
fn tag(state: &Block) -> u8 {
    let value = state
        .first_chunk::<2>()
        .map_or(0, |b| u16::from_le_bytes(*b));
    u8::try_from(value % 255).map_or(1, |v| v + 1)
}
