//! The training log and the lists, checked row by row, as indices into one catalogue.

use std::collections::HashMap;

use anyhow::{Result, bail};
use slatewise_data::table::{Table, TableReader, Wanted};

use super::Arguments;
use super::items::{Items, by_place, optional, order_by_id};

/// What the files say. Items are numbered by their ids, users of the lists likewise.
pub(super) struct Inputs {
    pub(super) items: Items,
    pub(super) train: Train,
    pub(super) lists: Lists,
}

/// The training log.
pub(super) struct Train {
    pub(super) rows: usize,
    pub(super) users: u64,
    /// Events per item.
    pub(super) occurrences: Vec<u64>,
    /// Distinct users per item.
    pub(super) item_users: Vec<u64>,
    /// Items of each user, repeats included.
    histories: HashMap<String, Vec<u32>>,
}

/// The recommended lists, each by ascending rank.
pub(super) struct Lists {
    pub(super) rows: usize,
    pub(super) items: Vec<Vec<u32>>,
    pub(super) ranks: Vec<Vec<u32>>,
    /// Beside the items; none where the file does not say.
    pub(super) relevant: Option<Vec<Vec<bool>>>,
    /// The training items of each list's user.
    pub(super) histories: Vec<Vec<u32>>,
}

impl Inputs {
    pub(super) fn read(arguments: &Arguments) -> Result<Self> {
        let items = Items::read(arguments)?;
        let mut train = Train::read(arguments, &items)?;
        let lists = Lists::read(arguments, &items, &mut train)?;
        Ok(Self { items, train, lists })
    }
}

impl Train {
    fn read(arguments: &Arguments, items: &Items) -> Result<Self> {
        let columns = &arguments.columns;
        let user = columns.train_user_column.as_ref().unwrap_or(&columns.user_column);
        let item = columns.train_item_column.as_ref().unwrap_or(&columns.item_column);
        let table = TableReader::open(&arguments.train)?.read(&[Wanted::id(user), Wanted::id(item)])?;
        let (users, ids) = (table.id(0), table.id(1));
        let item_of = items.find_all(ids, &table, item)?;
        let mut occurrences = vec![0; items.names.len()];
        let mut histories = vec![Vec::new(); users.names.len()];
        for (&user, &code) in users.code.iter().zip(&ids.code) {
            let item = item_of[code as usize];
            occurrences[item as usize] += 1;
            histories[user as usize].push(item);
        }
        // The user who last had the item, so that each user counts once.
        let mut last_user = vec![usize::MAX; items.names.len()];
        let mut item_users = vec![0; items.names.len()];
        for (user, history) in histories.iter().enumerate() {
            for &item in history {
                item_users[item as usize] += u64::from(last_user[item as usize] != user);
                last_user[item as usize] = user;
            }
        }
        let number = users.names.len() as u64;
        let histories = users.names.iter().cloned().zip(histories).collect();
        Ok(Self { rows: table.rows(), users: number, occurrences, item_users, histories })
    }
}

/// A row of the recommendations.
#[derive(Clone)]
struct Place {
    rank: u32,
    item: u32,
    relevant: bool,
    row: usize,
}

impl Lists {
    fn read(arguments: &Arguments, items: &Items, train: &mut Train) -> Result<Self> {
        let columns = &arguments.columns;
        let (user, item, rank) = (&columns.user_column, &columns.item_column, &columns.rank_column);
        let reader = TableReader::open(&arguments.recs)?;
        let relevant = optional(&reader, columns.relevant_column.as_deref(), "relevant");
        let mut wanted = vec![Wanted::id(user), Wanted::id(item), Wanted::number(rank)];
        wanted.extend(relevant.map(Wanted::number));
        let table = reader.read(&wanted)?;
        let (users, ids) = (table.id(0), table.id(1));
        let item_of = items.find_all(ids, &table, item)?;
        let mut places = vec![Vec::new(); users.names.len()];
        for (row, (&user, &code)) in users.code.iter().zip(&ids.code).enumerate() {
            let rank = whole_rank(table.number(2)[row], || table.place(row, rank))?;
            let relevant = match relevant {
                Some(column) => is_relevant(table.number(3)[row], || table.place(row, column))?,
                None => false,
            };
            places[user as usize].push(Place { rank, item: item_of[code as usize], relevant, row });
        }
        let mut places = by_place(&places, &order_by_id(&users.names));
        let mut last_list = vec![(usize::MAX, 0); items.names.len()];
        for (list, places) in places.iter_mut().enumerate() {
            refuse_repeated_items(list, places, &mut last_list, &table, item)?;
            places.sort_unstable_by_key(|place| (place.rank, place.row));
            refuse_repeated_ranks(places, &table, rank)?;
        }
        let names = by_place(&users.names, &order_by_id(&users.names));
        let column = |of: fn(&Place) -> u32| places.iter().map(|list| list.iter().map(of).collect()).collect();
        let marks = || places.iter().map(|list| list.iter().map(|place| place.relevant).collect()).collect();
        Ok(Self {
            rows: table.rows(),
            items: column(|place| place.item),
            ranks: column(|place| place.rank),
            relevant: relevant.map(|_| marks()),
            histories: names.iter().map(|name| train.histories.remove(name).unwrap_or_default()).collect(),
        })
    }
}

fn whole_rank(value: f64, place: impl FnOnce() -> String) -> Result<u32> {
    if value.fract() != 0.0 || !(1.0..=f64::from(u32::MAX)).contains(&value) {
        bail!("{}: {value} is no rank; number each user's places 1, 2, 3, …", place());
    }
    Ok(value as u32)
}

fn is_relevant(value: f64, place: impl FnOnce() -> String) -> Result<bool> {
    if !(value.is_finite() && value >= 0.0) {
        bail!("{}: {value} is no relevance; write 1 for relevant (or any grade above 0) and 0 for not", place());
    }
    Ok(value > 0.0)
}

fn refuse_repeated_items(
    list: usize,
    places: &[Place],
    last_list: &mut [(usize, usize)],
    table: &Table,
    column: &str,
) -> Result<()> {
    for place in places {
        let (last, earlier) = std::mem::replace(&mut last_list[place.item as usize], (list, place.row));
        if last == list {
            let here = table.place(place.row, column);
            bail!("{here}: the user has this item in data row {} already; keep its best rank only", earlier + 1);
        }
    }
    Ok(())
}

fn refuse_repeated_ranks(places: &[Place], table: &Table, column: &str) -> Result<()> {
    match places.windows(2).find(|pair| pair[0].rank == pair[1].rank) {
        Some([first, second]) => {
            let (here, rank) = (table.place(second.row, column), second.rank);
            bail!("{here}: the user has rank {rank} in data row {} already; number the places anew", first.row + 1)
        }
        _ => Ok(()),
    }
}
