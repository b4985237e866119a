"""Made-up logs in the layouts of public data sets and libraries: one truth, many ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

START = 1_600_000_000


def truth(sessions: int = 200) -> pd.DataFrame:
    """Clicks of sessions days apart, in order: user, item, time in seconds."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(sessions):
        items = rng.permutation(60)[: rng.integers(2, 7)]
        rows += [(number, item, START + 90_000 * number + 30 * k) for k, item in enumerate(items)]
    return pd.DataFrame(rows, columns=["user", "item", "time"])


def histories(frame: pd.DataFrame) -> list[tuple[int, list[int]]]:
    return [(user, group["item"].tolist()) for user, group in frame.groupby("user")]


def recbole(path: Path, frame: pd.DataFrame) -> None:
    names = ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]
    columns = [frame.user, frame.item, frame.item % 5 + 1.0, frame.time.astype(float)]
    pd.DataFrame(dict(zip(names, columns, strict=True))).to_csv(path, sep="\t", index=False)


def sasrec(path: Path, frame: pd.DataFrame) -> None:
    frame[["user", "item"]].to_csv(path, sep=" ", index=False, header=False)


def s3rec(path: Path, frame: pd.DataFrame) -> None:
    lines = [" ".join(map(str, [user + 1, *items])) for user, items in histories(frame)]
    path.write_text("\n".join(lines) + "\n")


def session_list(path: Path, frame: pd.DataFrame) -> None:
    lines = [" ".join(map(str, items)) for _, items in histories(frame)]
    path.write_text("\n".join(lines) + "\n")


def otto(path: Path, frame: pd.DataFrame) -> None:
    lines = []
    for user, group in frame.groupby("user"):
        events = [
            {"aid": int(item), "ts": int(time) * 1000, "type": "clicks"}
            for item, time in zip(group["item"], group["time"], strict=True)
        ]
        lines.append(json.dumps({"session": int(user), "events": events}))
    path.write_text("\n".join(lines) + "\n")


def mind(path: Path, frame: pd.DataFrame) -> None:
    lines = []
    for number, (user, items) in enumerate(histories(frame)):
        *history, clicked = (f"N{item}" for item in items)
        shown = f"N999-0 {clicked}-1"
        row = [str(number + 1), f"U{user}", "11/15/2019 8:55:22 AM", " ".join(history), shown]
        lines.append("\t".join(row))
    path.write_text("\n".join(lines) + "\n")


def elliot(path: Path, frame: pd.DataFrame) -> None:
    table = frame.assign(rating=frame["item"] % 5 + 1)[["user", "item", "rating", "time"]]
    table.to_csv(path, sep="\t", index=False, header=False)


def cornac(path: Path, frame: pd.DataFrame) -> None:
    table = frame.assign(rating=frame["item"] % 5 + 1)[["user", "item", "rating"]]
    table.to_csv(path, index=False, header=False)


def movielens(path: Path, frame: pd.DataFrame) -> None:
    rows = frame[["user", "item", "item", "time"]].to_numpy()
    path.write_text("\n".join(f"{u + 1}::{i}::{i % 5 + 1}::{t}" for u, i, _, t in rows) + "\n")


def transformers4rec(path: Path, frame: pd.DataFrame) -> None:
    items = [[item + 1 for item in items] for _, items in histories(frame)]
    times = [group["time"].tolist() for _, group in frame.groupby("user")]
    table = {"session_id": range(len(items)), "item_id-list": items, "timestamp-list": times}
    pq.write_table(pa.table({name: list(values) for name, values in table.items()}), path)


def partitioned(path: Path, frame: pd.DataFrame) -> None:
    table = pa.table(
        {
            "user_id": pa.array([f"u{user}" for user in frame.user]).dictionary_encode(),
            "item_id": pa.array(frame.item).cast(pa.decimal128(20, 0)),
            "timestamp": pa.array(frame.time * 1000).cast(pa.timestamp("ms", "Europe/Vienna")),
            "part": pa.array(frame.user // 100),
        }
    )
    how = ds.partitioning(pa.schema([("part", pa.int64())]), flavor="hive")
    ds.write_dataset(table, path, format="parquet", partitioning=how)


def semicolons(path: Path, frame: pd.DataFrame) -> None:
    """As a spreadsheet of the West writes it: byte order mark, line ends of two letters."""
    names = {"user": "customer_id", "item": "sku", "time": "clicked_at"}
    table = frame.rename(columns=names)
    table["clicked_at"] = pd.to_datetime(table["clicked_at"], unit="s")
    table.to_csv(path, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n")


def latin(path: Path, frame: pd.DataFrame) -> None:
    table = frame.assign(item="café " + frame["item"].astype(str))
    table.to_csv(path, index=False, encoding="latin-1")


# Layout to file name, writer, the item that each item of the truth is, and whether times are kept.
LAYOUTS: dict[str, tuple[str, Callable[[Path, pd.DataFrame], None], Callable[[int], str], bool]] = {
    "RecBole": ("ml.inter", recbole, str, True),
    "SASRec": ("ml.txt", sasrec, str, False),
    "S3Rec": ("Beauty.txt", s3rec, str, False),
    "session list": ("sessions.txt", session_list, str, False),
    "OTTO": ("train.jsonl", otto, str, True),
    "MIND": ("behaviors.tsv", mind, lambda item: f"N{item}", False),
    "Elliot": ("dataset.tsv", elliot, str, True),
    "cornac": ("uir.csv", cornac, str, False),
    "MovieLens": ("ratings.dat", movielens, str, True),
    "Transformers4Rec": ("train.parquet", transformers4rec, lambda item: str(item + 1), True),
    "partitioned": ("log", partitioned, str, True),
    "spreadsheet": ("export.csv", semicolons, str, True),
    "latin-1": ("old.csv", latin, lambda item: f"café {item}", True),
}
