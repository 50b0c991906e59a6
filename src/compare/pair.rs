//! Which weight of B is which of A, told by evidence: name, role, shape, neighbourhood and content.
//!
//! Weights that can be laid beside each other are candidates. What speaks for a candidate is added up as
//! logarithms of odds: the words of the names, weighed by rarity; samples of the values, whose correlation
//! tells a weight whatever its layout, rounding or scale; being the only ones of a shape; the same place in
//! the order; and, once there are pairs, that the layers before and after are pairs too. The best assignment
//! of all is found, and found again with the neighbourhood that it gives, until nothing changes. A pair needs
//! more evidence than a shape and a place: the rest stay alone.

mod assign;
mod file;
mod graph;
mod invariants;
mod names;
mod sketch;

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use self::graph::Surroundings;
use self::names::{Rarity, Words};
use self::sketch::{Likeness, Sketch};
use super::align::Form;
use super::{gates, side};
use crate::jobs::{Cancelled, Token};
use crate::model::Model;
use crate::weights::{Catalogue, FoldError, Reading, Section, Site, Weight};

pub use self::file::{FileError, PairsFile, Place};

/// A model whose weights are paired.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'m> {
    pub model: &'m Model,
    pub catalogue: &'m Catalogue,
}

/// A weight of A and the one of B that it is held against.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    pub a: Site,
    pub b: Site,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
    pub reasons: Vec<Reason>,
}

/// What speaks for a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    Name,
    Role,
    Shape,
    Neighbourhood,
    Content,
    /// Somebody said so.
    Hand,
}

/// All pairs of two models, in A's order, and what stays alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairing {
    pub pairs: Vec<Pair>,
    pub only_a: Vec<Site>,
    pub only_b: Vec<Site>,
    /// Weights that are in A more than once.
    pub repeated_a: Vec<Repeated>,
    pub repeated_b: Vec<Repeated>,
}

/// Places in one model that have the same values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    pub sites: Vec<Site>,
    /// The file holds them once; else they are stored as often as they are used.
    pub is_tied: bool,
}

/// What somebody decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Pairs that stand.
    pub made: Vec<(Site, Site)>,
    /// Pairs that are not to be made.
    pub broken: Vec<(Site, Site)>,
}

impl Reason {
    /// The word in `compare --json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Role => "role",
            Self::Shape => "shape",
            Self::Neighbourhood => "neighbourhood",
            Self::Content => "content",
            Self::Hand => "hand",
        }
    }
}

/// Evidence that a pair needs, in logarithms of odds.
const ENOUGH: f64 = 2.5;
/// A score to a confidence, as the logistic function has it.
const STEEPNESS: f64 = 0.9;
/// Every pair of a shape is looked at up to so many.
const FEW: usize = 1 << 18;
/// For each of very many of one shape: the most alike, and those near in order.
const NEAREST: usize = 8;
const ROUNDS: usize = 6;

/// Pairs the weights of two models.
///
/// # Errors
/// [`Cancelled`]. A weight whose values can't be had is paired by what is known of it.
pub fn pair(a: Subject<'_>, b: Subject<'_>, decisions: &Decisions, token: &Token) -> Result<Pairing, Cancelled> {
    let (items_a, items_b) = (items(a, b, token)?, items(b, a, token)?);
    let rarity = Rarity::of(items_a.iter().chain(&items_b).map(|item| &item.words));
    let numbers = |pairs: &[(Site, Site)]| numbers_of(pairs, &items_a, &items_b);
    let made = numbers(&decisions.made);
    let broken: HashSet<_> = numbers(&decisions.broken).into_iter().collect();
    let fixed_a: HashSet<_> = made.iter().map(|pair| pair.0).collect();
    let fixed_b: HashSet<_> = made.iter().map(|pair| pair.1).collect();
    let mut candidates = candidates(&items_a, &items_b, &rarity, token)?;
    find_permuted([(a.model, &items_a), (b.model, &items_b)], &mut candidates, token)?;
    candidates.retain(|found| !fixed_a.contains(&found.a) && !fixed_b.contains(&found.b) && !broken.contains(&(found.a, found.b)));
    let around = [Surroundings::of(a.model, a.catalogue), Surroundings::of(b.model, b.catalogue)];
    let near = [Near::of(&items_a, &around[0]), Near::of(&items_b, &around[1])];

    let mut pairs = made.clone();
    let mut scores: Vec<f64> = candidates.iter().map(|found| found.score).collect();
    for round in 0..ROUNDS {
        token.check()?;
        if round > 0 {
            let partners = Partners::of(&pairs, items_a.len());
            let with_neighbours = |found: &Candidate| found.score + near[0].evidence(found, &near[1], &partners, &items_a, &items_b);
            scores = candidates.par_iter().map(with_neighbours).collect();
        }
        let worth: Vec<_> = candidates.iter().zip(&scores).map(|(found, score)| (found.a, found.b, score - ENOUGH)).collect();
        let mut next = assign::assign(items_a.len(), items_b.len(), &worth);
        next.extend(&made);
        next.sort_unstable();
        let is_settled = next == pairs && round > 1;
        pairs = next;
        if is_settled {
            break;
        }
    }
    let partners = Partners::of(&pairs, items_a.len());
    let by_place: HashMap<(usize, usize), usize> = candidates.iter().enumerate().map(|(at, found)| ((found.a, found.b), at)).collect();
    let tell = |&(of_a, of_b): &(usize, usize)| {
        let (left, right) = (&items_a[of_a], &items_b[of_b]);
        let found = by_place.get(&(of_a, of_b)).map(|at| (&candidates[*at], scores[*at]));
        let mut reasons = found.map_or(vec![Reason::Hand], |(found, _)| {
            let is_near = near[0].evidence(found, &near[1], &partners, &items_a, &items_b) > 0.5;
            let of = |reason: Reason, is_so: bool| is_so.then_some(reason);
            [
                of(Reason::Name, found.name >= 0.5),
                of(Reason::Role, left.role == right.role),
                of(Reason::Shape, left.dims == right.dims),
                of(Reason::Neighbourhood, is_near),
                of(Reason::Content, found.is_alike),
            ]
            .into_iter()
            .flatten()
            .collect()
        });
        reasons.sort_unstable();
        let confidence = found.map_or(1.0, |(_, score)| 1.0 / (1.0 + (-STEEPNESS * score).exp()));
        Pair { a: left.weight.site, b: right.weight.site, confidence, reasons }
    };
    let alone = |items: &[Item<'_>], is_paired: &dyn Fn(usize) -> bool| {
        let mut sites: Vec<Site> =
            items.iter().enumerate().filter(|(number, _)| !is_paired(*number)).map(|(_, item)| item.weight.site).collect();
        // Of a stack's gates.
        sites.dedup();
        sites
    };
    let paired_b: HashSet<usize> = pairs.iter().map(|pair| pair.1).collect();
    Ok(Pairing {
        only_a: alone(&items_a, &|number| partners.of_a[number].is_some()),
        only_b: alone(&items_b, &|number| paired_b.contains(&number)),
        repeated_a: repeated(a.model, &items_a),
        repeated_b: repeated(b.model, &items_b),
        pairs: pairs.iter().map(tell).collect(),
    })
}

/// A weight, or a gate of a stacked one, and what is known of it.
struct Item<'m> {
    weight: &'m Weight,
    /// The gate; empty for the whole weight.
    sections: Vec<Section>,
    /// With the gate.
    role: String,
    /// A kernel or table.
    is_main: bool,
    /// Extents of more than one, ascending.
    dims: Vec<usize>,
    count: usize,
    words: Words,
    sketch: Sketch,
}

/// A pair that may be.
struct Candidate {
    a: usize,
    b: usize,
    /// How much the names say, from 0 to 1.
    name: f64,
    /// Whether the values say that it is.
    is_alike: bool,
    score: f64,
}

/// Pairs of places as numbers of items; of a stack the gate that belongs to the other one.
fn numbers_of(pairs: &[(Site, Site)], items_a: &[Item<'_>], items_b: &[Item<'_>]) -> Vec<(usize, usize)> {
    let by_site = |items: &[Item<'_>]| {
        let mut numbers: HashMap<Site, Vec<usize>> = HashMap::new();
        items.iter().enumerate().for_each(|(number, item)| numbers.entry(item.weight.site).or_default().push(number));
        numbers
    };
    let (numbers_a, numbers_b) = (by_site(items_a), by_site(items_b));
    let find = |(a, b): &(Site, Site)| {
        let (of_a, of_b) = (numbers_a.get(a)?, numbers_b.get(b)?);
        let mut both = of_a.iter().flat_map(|left| of_b.iter().map(move |right| (*left, *right)));
        both.find(|(left, right)| items_a[*left].may_be(&items_b[*right]))
    };
    pairs.iter().filter_map(find).collect()
}

impl Item<'_> {
    /// A gate is a gate's of the same name, whatever the values say: many biases are alike.
    fn may_be(&self, other: &Self) -> bool {
        (self.sections.is_empty() && other.sections.is_empty()) || self.role == other.role
    }

    fn layer(&self) -> (crate::model::GraphId, crate::model::OperationId) {
        (self.weight.site.graph, self.weight.layer())
    }
}

fn items<'m>(subject: Subject<'m>, other: Subject<'m>, token: &Token) -> Result<Vec<Item<'m>>, Cancelled> {
    let model = subject.model;
    let weights = |subject: Subject<'m>| subject.catalogue.weights().filter(|weight| !weight.is_text(subject.model)).collect::<Vec<_>>();
    let other = gates::Other::of(&weights(other));
    let whole_or_pieces = |weight: &'m Weight| {
        let pieces = other.cuts(weight);
        let pieces = if pieces.is_empty() { vec![(Vec::new(), weight.role.name.to_owned())] } else { pieces };
        pieces.into_iter().map(move |(sections, role)| (weight, sections, role))
    };
    let parts: Vec<(&Weight, Vec<Section>, String)> = weights(subject).into_iter().flat_map(whole_or_pieces).collect();
    let item = |(weight, sections, role): (&'m Weight, Vec<Section>, String)| -> Result<Item<'m>, Cancelled> {
        token.check()?;
        let known = weight.graph(model).tensor(weight.tensor).shape.dims().or_else(|| weight.data_tensor(model).shape.dims());
        let mut form = Form { shape: known.unwrap_or_default(), layout: weight.role.layout };
        let sketch = weight.value(model, Reading::Effective, token).and_then(|value| {
            let value = side::part(value, sections.clone(), token)?.0;
            form.shape.clone_from(&value.shape);
            Sketch::of(&value, &form)
        });
        let sketch = match sketch {
            Err(FoldError::Cancelled(cancelled)) => return Err(cancelled),
            other => other.unwrap_or_default(),
        };
        let mut dims: Vec<usize> = form.shape.iter().copied().filter(|extent| *extent != 1).collect();
        dims.sort_unstable();
        // A depthwise kernel has its multiplier in one axis or in two.
        if weight.role.layout.is_some_and(|layout| layout.contains(['G', '1'])) {
            dims = merged_groups(&form);
        }
        let words = Words::of(&weight.graph(model).operation(weight.layer()).name, &weight.data_tensor(model).name);
        let count = form.shape.iter().product();
        Ok(Item { weight, sections, role, is_main: weight.role.is_main(), dims, count, words, sketch })
    };
    parts.into_par_iter().map(item).collect()
}

/// Extents by letter, groups in the outputs.
fn merged_groups(form: &Form) -> Vec<usize> {
    let layout = form.layout.unwrap_or_default();
    let mut by_letter: BTreeMap<char, usize> = BTreeMap::new();
    for (letter, extent) in layout.chars().zip(&form.shape) {
        let letter = if letter == 'G' { 'O' } else { letter };
        *by_letter.entry(letter).or_insert(1) *= extent;
    }
    let mut dims: Vec<usize> = by_letter.into_values().filter(|extent| *extent != 1).collect();
    dims.sort_unstable();
    dims
}

/// All pairs that may be, with the evidence of names, values, shape and order.
fn candidates(items_a: &[Item<'_>], items_b: &[Item<'_>], rarity: &Rarity, token: &Token) -> Result<Vec<Candidate>, Cancelled> {
    type Bucket = (Vec<usize>, Vec<usize>);
    let mut buckets: BTreeMap<(bool, usize, Vec<usize>), Bucket> = BTreeMap::new();
    let key = |item: &Item<'_>| (item.is_main, item.count, item.dims.clone());
    for (number, item) in items_a.iter().enumerate() {
        buckets.entry(key(item)).or_default().0.push(number);
    }
    for (number, item) in items_b.iter().enumerate() {
        buckets.entry(key(item)).or_default().1.push(number);
    }
    // What is one matrix here and has more axes there has another key: those left over meet by their count.
    let mut leftover: BTreeMap<(bool, usize), Bucket> = BTreeMap::new();
    for ((is_main, count, _), (a, b)) in &buckets {
        if a.is_empty() != b.is_empty() {
            let bucket = leftover.entry((*is_main, *count)).or_default();
            bucket.0.extend(a);
            bucket.1.extend(b);
        }
    }
    let mut found = Vec::new();
    for (a, b) in buckets.values().chain(leftover.values()).filter(|(a, b)| !a.is_empty() && !b.is_empty()) {
        token.check()?;
        let is_only = a.len() == 1 && b.len() == 1;
        let judged = |(left, right): (usize, usize)| {
            let place = |at: usize, of: usize| if of > 1 { at as f64 / (of - 1) as f64 } else { 0.5 };
            let apart = (place(left, a.len()) - place(right, b.len())).abs();
            judge(&items_a[a[left]], &items_b[b[right]], a[left], b[right], rarity, is_only, apart)
        };
        let places: Vec<(usize, usize)> = match a.len() * b.len() <= FEW {
            true => (0..a.len()).flat_map(|left| (0..b.len()).map(move |right| (left, right))).collect(),
            false => nearest(a, b, items_a, items_b),
        };
        let may_be = |(left, right): &(usize, usize)| items_a[a[*left]].may_be(&items_b[b[*right]]);
        found.par_extend(places.into_par_iter().filter(may_be).map(judged));
    }
    Ok(found)
}

/// Where no candidate of a kernel is alike, its channels may have another order: what no order changes is asked.
fn find_permuted(sides: [(&Model, &[Item<'_>]); 2], found: &mut [Candidate], token: &Token) -> Result<(), Cancelled> {
    let is_known = |pick: fn(&Candidate) -> usize| found.iter().filter(|found| found.is_alike).map(pick).collect::<HashSet<_>>();
    let known = [is_known(|found| found.a), is_known(|found| found.b)];
    let is_open = |side: usize, number: usize| {
        let item = &sides[side].1[number];
        item.is_main && item.sections.is_empty() && item.count >= invariants::FEWEST && !known[side].contains(&number)
    };
    let open: Vec<usize> = (0..found.len()).filter(|at| is_open(0, found[*at].a) && is_open(1, found[*at].b)).collect();
    let of = |side: usize| -> Result<HashMap<usize, Option<invariants::Invariants>>, Cancelled> {
        let numbers: HashSet<usize> = open.iter().map(|at| if side == 0 { found[*at].a } else { found[*at].b }).collect();
        let (model, items) = sides[side];
        let figures = |number: usize| match items[number].weight.value(model, Reading::Effective, token) {
            Ok(value) => Ok((number, invariants::of(&value, token)?)),
            Err(FoldError::Cancelled(cancelled)) => Err(cancelled),
            Err(_) => Ok((number, None)),
        };
        numbers.into_par_iter().map(figures).collect()
    };
    let (of_a, of_b) = (of(0)?, of(1)?);
    for at in open {
        let pair = of_a.get(&found[at].a).copied().flatten().zip(of_b.get(&found[at].b).copied().flatten());
        if pair.is_some_and(|(a, b)| invariants::are_alike(&a, &b)) {
            found[at].is_alike = true;
            found[at].score += PERMUTED;
        }
    }
    Ok(())
}

/// What the same figures of permuted values say, against the samples, which do not agree.
const PERMUTED: f64 = 9.0;

fn judge(left: &Item<'_>, right: &Item<'_>, a: usize, b: usize, rarity: &Rarity, is_only: bool, apart: f64) -> Candidate {
    let name = rarity.likeness(&left.words, &right.words);
    let (content, is_alike) = match left.sketch.likeness(&right.sketch) {
        Likeness::Unknown => (0.0, false),
        Likeness::SameConstant => (0.5, false),
        Likeness::Correlation { value, is_chance: false } if value >= 0.3 => (9.0 * value.powf(1.5), true),
        // Much the same numbers, but few of them: no proof, and nothing against it.
        Likeness::Correlation { value, .. } if value >= 0.9 => (1.0, false),
        Likeness::Correlation { .. } if left.count >= 16 => (-2.0, false),
        Likeness::Correlation { .. } => (-0.5, false),
    };
    let role = if left.role == right.role { 0.4 } else { -0.2 };
    let only = if is_only { 1.5 } else { 0.0 };
    let named = if name == 0.0 { -0.3 } else { 4.0 * name };
    Candidate { a, b, name, is_alike, score: content + named + role + only + 0.8 * (1.0 - apart) }
}

/// Of very many weights of one shape on both sides: for each those with its name, those near in order, and those
/// whose values are most alike.
fn nearest(a: &[usize], b: &[usize], items_a: &[Item<'_>], items_b: &[Item<'_>]) -> Vec<(usize, usize)> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, number) in b.iter().enumerate() {
        by_name.entry(&items_b[*number].words.whole).or_default().push(at);
    }
    let signs: Vec<u128> = b.iter().map(|number| items_b[*number].sketch.signs()).collect();
    let of = |left: usize| {
        let item = &items_a[a[left]];
        let own = item.sketch.signs();
        let mut order: Vec<(u32, usize)> = Vec::with_capacity(NEAREST + 1);
        for (right, signs) in signs.iter().enumerate() {
            let distance = (own ^ signs).count_ones();
            if order.len() < NEAREST || order.last().is_some_and(|last| distance < last.0) {
                let at = order.partition_point(|other| other.0 <= distance);
                order.insert(at, (distance, right));
                order.truncate(NEAREST);
            }
        }
        let middle = left * b.len() / a.len().max(1);
        let window = middle.saturating_sub(NEAREST / 2)..(middle + NEAREST / 2).min(b.len());
        let named = by_name.get(item.words.whole.as_str()).into_iter().flatten().take(NEAREST).copied();
        let mut all: Vec<usize> = order.into_iter().map(|(_, right)| right).chain(window).chain(named).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter().map(|right| (left, right)).collect::<Vec<_>>()
    };
    (0..a.len()).into_par_iter().flat_map_iter(of).collect()
}

/// Who is whose partner.
struct Partners {
    of_a: Vec<Option<usize>>,
}

impl Partners {
    fn of(pairs: &[(usize, usize)], count: usize) -> Self {
        let mut of_a = vec![None; count];
        pairs.iter().for_each(|(a, b)| of_a[*a] = Some(*b));
        Self { of_a }
    }
}

/// For each weight the main weights before it, after it, and of its own layer.
struct Near {
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    own: Vec<Option<usize>>,
}

impl Near {
    fn of(items: &[Item<'_>], around: &Surroundings) -> Self {
        let mut main = HashMap::new();
        for (number, item) in items.iter().enumerate().filter(|(_, item)| item.is_main) {
            main.entry((item.weight.site.graph, item.weight.layer())).or_insert(number);
        }
        let of = |item: &Item<'_>, lists: &dyn Fn(&Surroundings) -> Vec<crate::model::OperationId>| {
            let graph = item.weight.site.graph;
            lists(around).into_iter().filter_map(|operation| main.get(&(graph, operation)).copied()).collect::<Vec<_>>()
        };
        let layer = |item: &Item<'_>| (item.weight.site.graph, item.weight.layer());
        Self {
            before: items.iter().map(|item| of(item, &|around| around.before(layer(item)))).collect(),
            after: items.iter().map(|item| of(item, &|around| around.after(layer(item)))).collect(),
            own: items.iter().enumerate().map(|(number, item)| main.get(&layer(item)).copied().filter(|main| *main != number)).collect(),
        }
    }

    /// What the pairs around a candidate say for it, or against it.
    fn evidence(&self, found: &Candidate, other: &Self, partners: &Partners, items_a: &[Item<'_>], items_b: &[Item<'_>]) -> f64 {
        let partner = |number: usize| partners.of_a[number];
        let (left, right) = (&items_a[found.a], &items_b[found.b]);
        if let (false, false, Some(own), Some(of_b)) = (left.is_main, right.is_main, self.own[found.a], other.own[found.b]) {
            return match partner(own) {
                // Of a layer with several kernels any will do.
                Some(partner) if items_b[partner].layer() == items_b[of_b].layer() => 4.0,
                Some(_) => -5.0,
                None => -1.0,
            };
        }
        let side = |of_a: &[usize], of_b: &[usize]| {
            let paired: Vec<usize> = of_a.iter().filter_map(|number| partner(*number)).collect();
            let is_beside = |number: &usize| of_b.iter().any(|other| items_b[*other].layer() == items_b[*number].layer());
            match (paired.is_empty() || of_b.is_empty(), paired.iter().any(is_beside)) {
                (true, _) => 0.0,
                (false, true) => 2.2,
                (false, false) => -1.0,
            }
        };
        // Both at an end of the graph is a likeness, too.
        let ends = |of_a: &[usize], of_b: &[usize]| if of_a.is_empty() && of_b.is_empty() { 0.8 } else { side(of_a, of_b) };
        ends(&self.before[found.a], &other.before[found.b]) + ends(&self.after[found.a], &other.after[found.b])
    }
}

/// The weights that a model has more than once.
fn repeated(model: &Model, items: &[Item<'_>]) -> Vec<Repeated> {
    const FEWEST: usize = 16;
    let mut alike: BTreeMap<Vec<u32>, Vec<usize>> = BTreeMap::new();
    for (number, item) in items.iter().enumerate().filter(|(_, item)| item.count >= FEWEST && item.sections.is_empty()) {
        let bits: Vec<u32> = item.sketch.bits().collect();
        // Zeros and ones are many a bias.
        if bits.iter().any(|value| *value != bits[0]) {
            alike.entry([&[item.count as u32][..], &bits].concat()).or_default().push(number);
        }
    }
    let mut groups = Vec::new();
    for numbers in alike.into_values().filter(|numbers| numbers.len() > 1) {
        let weight = |number: usize| items[number].weight;
        let mut tied: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for number in &numbers {
            tied.entry(weight(*number).data).or_default().push(*number);
        }
        let sites = |numbers: &[usize]| numbers.iter().map(|number| weight(*number).site).collect::<Vec<_>>();
        groups.extend(tied.values().filter(|numbers| numbers.len() > 1).map(|numbers| Repeated { sites: sites(numbers), is_tied: true }));
        // Of those stored apart, the ones whose bytes agree.
        let mut copies: Vec<(&[u8], Vec<usize>)> = Vec::new();
        for numbers in tied.values() {
            let Ok(bytes) = weight(numbers[0]).stored_bytes(model) else { continue };
            match copies.iter_mut().find(|(other, _)| *other == bytes) {
                Some((_, copies)) => copies.push(numbers[0]),
                None => copies.push((bytes, vec![numbers[0]])),
            }
        }
        groups.extend(
            copies.iter().filter(|(_, numbers)| numbers.len() > 1).map(|(_, numbers)| Repeated { sites: sites(numbers), is_tied: false }),
        );
    }
    groups.sort_by(|a, b| a.sites.cmp(&b.sites));
    groups
}
