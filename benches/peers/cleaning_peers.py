"""One library's way from a dirty log to encoded rows: `cleaning_peers.py polars|pandas FOLDER OUT`. `cleaning.py` runs it.

The work, the same for all (times in microseconds, DAY the microseconds of a day):

1. clean: no row without user, item or time, none with a price below 0 or after the last day, none with a purchase without a
   cart or a cart without a click; of equal rows the first stays; spaces around categories go; users and items are joined.
2. derive: the user's last 5 clicked items strictly before the row's time, seconds since the user's previous earlier row,
   and the item's rows and clicks on the 7 days strictly before the row's day.
3. split by time: the last 20 % judge, 10 % before them validate, cut where the time changes.
4. encode: each category by its rank of frequency among train rows, at least 5 of them, else 0; numbers standardised by the
   train rows, without a value 0; labels. Written as one file of ids, one of numbers, one of labels per part.

Printed: counts and sums that must agree with everybody else's, as JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np

DAY = 86_400_000_000
LAST = 5
DAYS = 7
LEAST = 5
CATEGORIES = ["user", "surface", "device", "category", "items.brand"]
NUMBERS = ["price", "position", "user_since_last", "item_7d_rows", "item_7d_click"]
LABELS = ["click", "cart", "purchase"]
HISTORY = [f"user_item_{k}" for k in range(1, LAST + 1)]


def last_day_end(folder):
    spec = json.loads((folder / "truth.json").read_text())["spec"]
    first = np.datetime64(spec["first_day"], "D").astype(np.int64)
    return (int(first) + spec["days"]) * DAY


def bounds(times):
    """Where validation and test begin: the first row of the time at which the share is reached."""
    rows = len(times)
    cuts = []
    for share in (0.7, 0.8):
        at = times[min(int(np.floor(share * rows + 0.5)), rows - 1)]
        cuts.append(int(np.searchsorted(times, at, side="left")))
    return cuts


def write(out, name, ids, numbers, labels):
    np.save(out / f"{name}_ids.npy", ids)
    np.save(out / f"{name}_numbers.npy", numbers)
    np.save(out / f"{name}_labels.npy", labels)


def with_polars(folder, out):
    import polars as pl

    end = last_day_end(folder)
    events = pl.scan_parquet(folder / "events.parquet")
    items = pl.scan_parquet(folder / "items.parquet")
    users = pl.scan_parquet(folder / "users.parquet")
    rename = lambda frame, table, key: frame.rename(lambda name: name if name == key else f"{table}.{name}")
    clean = (
        events.with_columns(pl.col("category", "device", "surface").str.strip_chars(" "))
        .filter(
            pl.col("user").is_not_null() & pl.col("item").is_not_null() & pl.col("time").is_not_null(),
            (pl.col("price") >= 0) | pl.col("price").is_null(),
            pl.col("time") < end,
            (pl.col("cart") == 0) | (pl.col("click") == 1),
            (pl.col("purchase") == 0) | (pl.col("cart") == 1),
        )
        .unique(maintain_order=True, keep="first")
        .join(rename(users, "users", "user"), on="user", how="left", maintain_order="left")
        .join(rename(items, "items", "item"), on="item", how="left", maintain_order="left")
        .collect(engine="streaming")
        .sort("time", maintain_order=True)
    )
    # A click is seen by later times alone: rows of one time look past each other.
    clicks = clean.filter(pl.col("click") == 1).select("user", "time", "item")
    lists = clicks.with_columns([pl.col("item").shift(k).over("user").alias(f"back_{k}") for k in range(LAST)])
    lists = lists.unique(["user", "time"], keep="last", maintain_order=True).drop("item")
    lists = lists.rename({f"back_{k}": f"user_item_{k + 1}" for k in range(LAST)})
    rows = clean.join_asof(lists, on="time", by="user", strategy="backward", allow_exact_matches=False, check_sortedness=False)
    earlier = clean.select("user", "time").unique().sort("user", "time")
    earlier = earlier.with_columns(((pl.col("time") - pl.col("time").shift(1).over("user")) / 1e6).alias("user_since_last"))
    rows = rows.join(earlier, on=["user", "time"], how="left", maintain_order="left")
    rows = rows.with_columns((pl.col("time") // DAY).alias("day"))
    daily = rows.group_by("item", "day").agg(pl.len().cast(pl.Int64).alias("n"), pl.col("click").cast(pl.Int64).sum().alias("c"))
    window = (
        daily.sort("item", "day")
        .rolling("day", period=f"{DAYS}i", offset=f"-{DAYS + 1}i", closed="right", group_by="item")
        .agg(pl.col("n").sum().alias("item_7d_rows"), pl.col("c").sum().alias("item_7d_click"))
    )
    rows = rows.join(window, on=["item", "day"], how="left", maintain_order="left")
    rows = rows.with_columns(pl.col("item_7d_rows", "item_7d_click").fill_null(0))
    validation, test = bounds(rows["time"].to_numpy())
    train = rows[:validation]

    def ranks(columns):
        counts = pl.concat([train.select(pl.col(name).cast(pl.String).alias("value")) for name in columns]).drop_nulls()
        counts = counts.group_by("value").len().filter(pl.col("len") >= LEAST)
        return counts.sort(["len", "value"], descending=[True, False]).with_row_index("id", offset=1).select("value", "id")

    ids = []
    for group in [["item", *HISTORY], *([name] for name in CATEGORIES)]:
        table = ranks(group)
        for name in group:
            coded = rows.select(pl.col(name).cast(pl.String).alias("value")).join(table, on="value", how="left", maintain_order="left")
            ids.append(coded["id"].fill_null(0).cast(pl.UInt32).to_numpy())
    numbers = []
    for name in NUMBERS:
        column = rows[name].cast(pl.Float64)
        mean, deviation = column[:validation].mean(), column[:validation].std(ddof=0)
        numbers.append(((column - mean) / deviation).fill_null(0.0).cast(pl.Float32).to_numpy())
    labels = rows.select(LABELS).cast(pl.Float32).to_numpy()
    finish(out, rows.height, rows["item_7d_click"].sum(), rows["user_since_last"].sum(), ids, numbers, labels, validation, test)


def with_pandas(folder, out):
    import pandas as pd

    end = last_day_end(folder)
    clean = pd.read_parquet(folder / "events.parquet")
    for name in ("category", "device", "surface"):
        clean[name] = clean[name].str.strip(" ")
    keep = clean["user"].notna() & clean["item"].notna() & clean["time"].notna()
    keep &= (clean["price"] >= 0) | clean["price"].isna()
    keep &= clean["time"] < end
    keep &= (clean["cart"] == 0) | (clean["click"] == 1)
    keep &= (clean["purchase"] == 0) | (clean["cart"] == 1)
    clean = clean[keep].drop_duplicates(keep="first")
    for table, key in (("users", "user"), ("items", "item")):
        side = pd.read_parquet(folder / f"{table}.parquet")
        side = side.rename(columns={name: f"{table}.{name}" for name in side.columns if name != key})
        clean = clean.merge(side, on=key, how="left")
    rows = clean.sort_values("time", kind="stable").reset_index(drop=True)
    clicks = rows.loc[rows["click"] == 1, ["user", "time", "item"]].copy()
    for k in range(LAST):
        clicks[f"user_item_{k + 1}"] = clicks.groupby("user", sort=False)["item"].shift(k)
    clicks = clicks.drop_duplicates(["user", "time"], keep="last").drop(columns="item")
    rows = pd.merge_asof(rows, clicks, on="time", by="user", direction="backward", allow_exact_matches=False)
    earlier = rows[["user", "time"]].drop_duplicates().sort_values(["user", "time"])
    earlier["user_since_last"] = earlier.groupby("user", sort=False)["time"].diff() / 1e6
    rows = rows.merge(earlier, on=["user", "time"], how="left")
    rows["day"] = rows["time"] // DAY
    daily = rows.groupby(["item", "day"], sort=True, observed=True).agg(n=("click", "size"), c=("click", "sum")).reset_index()
    daily["date"] = pd.to_datetime(daily["day"], unit="D")
    rolled = daily.set_index("date").groupby("item", sort=True)[["n", "c"]].rolling(f"{DAYS}D", closed="left").sum()
    daily["item_7d_rows"] = rolled["n"].fillna(0).to_numpy().astype(np.int64)
    daily["item_7d_click"] = rolled["c"].fillna(0).to_numpy().astype(np.int64)
    rows = rows.merge(daily[["item", "day", "item_7d_rows", "item_7d_click"]], on=["item", "day"], how="left")
    validation, test = bounds(rows["time"].to_numpy())
    train = rows.iloc[:validation]
    ids = []
    for group in [["item", *HISTORY], *([name] for name in CATEGORIES)]:
        # A missing id made its column one of floats; as numbers they are looked up all the same.
        counts = pd.concat([train[name].dropna() for name in group]).value_counts()
        counts = counts[counts >= LEAST].rename_axis("value").reset_index(name="n").sort_values(["n", "value"], ascending=[False, True])
        table = pd.Series(np.arange(1, len(counts) + 1, dtype=np.uint32), index=counts["value"])
        for name in group:
            ids.append(rows[name].map(table).fillna(0).to_numpy(np.uint32))
    numbers = []
    for name in NUMBERS:
        column = rows[name].astype(np.float64)
        mean, deviation = column[:validation].mean(), column[:validation].std(ddof=0)
        numbers.append(((column - mean) / deviation).fillna(0.0).to_numpy(np.float32))
    labels = rows[LABELS].to_numpy(np.float32)
    finish(out, len(rows), rows["item_7d_click"].sum(), rows["user_since_last"].sum(), ids, numbers, labels, validation, test)


def finish(out, rows, clicks, since, ids, numbers, labels, validation, test):
    ids, numbers = np.column_stack(ids), np.column_stack(numbers)
    for name, part in (("train", slice(0, validation)), ("validation", slice(validation, test)), ("test", slice(test, None))):
        write(out, name, ids[part], numbers[part], labels[part])
    print(
        json.dumps(
            {
                "rows": int(rows),
                "window_clicks": int(clicks),
                "seconds_since_last": float(since),
                "known_ids": int((ids > 0).sum()),
                "train_rows": int(validation),
                "test_rows": int(rows - test),
            }
        )
    )


if __name__ == "__main__":
    way, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    {"polars": with_polars, "pandas": with_pandas}[way](folder, out)
