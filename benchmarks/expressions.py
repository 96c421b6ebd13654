"""The rules of binance-2020 as polars expressions over a wide frame: columns p0.. (price), a0.. (age), y0.. (why)."""

from __future__ import annotations

import numpy as np
import polars as pl

from benchmarks.market import SILENCE_US, Panel

BAND, TIE, QUORUM = 0.05, 1e-12, 3
NAN, OUTLIER = float("nan"), pl.lit(2, pl.Int8)
# The shortest network that sorts eight; a layer's comparators touch different columns, so a layer is one pass.
NETWORK = (
    ((0, 2), (1, 3), (4, 6), (5, 7)),
    ((0, 4), (1, 5), (2, 6), (3, 7)),
    ((0, 1), (2, 3), (4, 5), (6, 7)),
    ((2, 4), (3, 5)),
    ((1, 4), (3, 6)),
    ((1, 2), (3, 4), (5, 6)),
)


def frame(panel: Panel) -> pl.DataFrame:
    columns = {f"{name}{s}": np.ascontiguousarray(array[:, s]) for name, array in zip("pay", panel, strict=True) for s in range(panel.price.shape[1])}
    return pl.DataFrame(columns)


def cores() -> int:
    return pl.thread_pool_size()


def arrays(found: pl.DataFrame, n: int) -> list[np.ndarray]:
    """Value, status, weights, used prices and reasons, as the kernel writes them."""
    blocks = [np.column_stack([found[f"{name}{s}"].to_numpy() for s in range(n)]) for name in ("w", "u", "reason")]
    return [found["value"].to_numpy(), found["status"].to_numpy(), *blocks]


def _all(name: str, n: int) -> list[pl.Expr]:
    return [pl.col(f"{name}{s}") for s in range(n)]


def _same(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    return (a - b).abs() <= TIE * pl.max_horizontal(a.abs(), b.abs())


def ranked_by_network(wide: pl.LazyFrame, n: int) -> pl.LazyFrame:
    assert n == 8
    wide = wide.with_columns(pl.when(pl.col(f"live{s}")).then(pl.col(f"p{s}")).otherwise(float("inf")).alias(f"r{s}") for s in range(n))
    for layer in NETWORK:
        lower = [pl.min_horizontal(f"r{i}", f"r{j}").alias(f"r{i}") for i, j in layer]
        upper = [pl.max_horizontal(f"r{i}", f"r{j}").alias(f"r{j}") for i, j in layer]
        wide = wide.with_columns(*lower, *upper)
    low, high = pl.lit(None, pl.Float64), pl.lit(None, pl.Float64)
    for count in range(QUORUM, n + 1):
        here = pl.col("n") == count
        low = pl.when(here).then(pl.col(f"r{(count - 1) // 2}")).otherwise(low)
        high = pl.when(here).then(pl.col(f"r{count // 2}")).otherwise(high)
    return wide.with_columns(low.alias("low"), high.alias("high"))


def ranked_by_list(wide: pl.LazyFrame, n: int) -> pl.LazyFrame:
    prices = pl.concat_list(pl.when(pl.col(f"live{s}")).then(pl.col(f"p{s}")) for s in range(n)).list.sort(nulls_last=True)
    wide = wide.with_columns(prices.alias("ranked"))
    at = pl.col("n").cast(pl.Int64)
    enough = pl.col("n") >= QUORUM
    low = pl.when(enough).then(pl.col("ranked").list.get((at - 1) // 2, null_on_oob=True))
    high = pl.when(enough).then(pl.col("ranked").list.get(at // 2, null_on_oob=True))
    return wide.with_columns(low.alias("low"), high.alias("high"))


def determine(given: list[float], wide: pl.DataFrame, ranked=ranked_by_network) -> pl.DataFrame:
    """Return value, status and w0.. (weights), u0.. (used prices), r0.. (reasons)."""
    n = len(given)
    here = range(n)
    reason = [
        pl.lit(6, pl.Int8)
        if given[s] <= 0
        else pl.when(pl.col(f"y{s}") != 0).then(pl.col(f"y{s}")).otherwise((pl.col(f"a{s}") > SILENCE_US) * pl.lit(3, pl.Int8))
        for s in here
    ]
    frame = wide.lazy().with_columns(reason[s].alias(f"reason{s}") for s in here)
    frame = frame.with_columns((pl.col(f"reason{s}") == 0).alias(f"live{s}") for s in here)
    frame = ranked(frame.with_columns(pl.sum_horizontal(_all("live", n)).alias("n")), n)
    middle = pl.col("middle")
    frame = frame.with_columns(((pl.col("low") + pl.col("high")) * 0.5).alias("middle"))
    beyond = [(p - middle).abs() - BAND * middle.abs() > TIE * pl.max_horizontal(p.abs(), middle.abs()) for p in _all("p", n)]
    frame = frame.with_columns((pl.col(f"live{s}") & beyond[s]).fill_null(value=False).alias(f"out{s}") for s in here)
    frame = frame.with_columns((pl.sum_horizontal(_all("out", n)) > 1).alias("several")).with_columns(*_ties("low", n), *_ties("high", n))
    frame = frame.with_columns(
        pl.sum_horizontal(t * w for t, w in zip(_all(f"at_{end}", n), given, strict=True)).alias(f"sum_{end}") for end in ("low", "high")
    )
    frame = frame.with_columns(_mean_weight(s, given[s]).alias(f"m{s}") for s in here)
    frame = frame.with_columns(pl.sum_horizontal(_all("m", n)).alias("total"))
    mean = pl.sum_horizontal(pl.when(pl.col(f"m{s}") > 0.0).then(pl.col(f"m{s}") * pl.col(f"p{s}")) for s in here) / pl.col("total")
    value = pl.when(pl.col("n") < QUORUM).then(None).when(pl.col("several")).then(middle).otherwise(mean)
    frame = frame.with_columns(value.alias("value"))
    frame = frame.with_columns(((pl.col("value") > 0.0) & (pl.col("value") < float("inf"))).fill_null(value=False).alias("good"))
    frame = frame.with_columns(_weight(s, given[s]).alias(f"w{s}") for s in here)
    frame = frame.with_columns(pl.when(pl.col(f"out{s}") & (pl.col(f"w{s}") == 0.0)).then(OUTLIER).otherwise(f"reason{s}").alias(f"reason{s}") for s in here)
    used = [pl.when((pl.col(f"reason{s}") == 0) & pl.col("good")).then(f"p{s}").otherwise(NAN).alias(f"u{s}") for s in here]
    good = pl.col("good")
    status = pl.when(good).then(pl.lit(0, pl.Int8)).otherwise(pl.lit(3, pl.Int8))
    return frame.select(pl.when(good).then("value").otherwise(NAN), status.alias("status"), *_all("w", n), *used, *_all("reason", n)).collect()


def _ties(end: str, n: int) -> list[pl.Expr]:
    return [(pl.col("several") & pl.col(f"live{s}") & _same(pl.col(f"p{s}"), pl.col(end))).alias(f"at_{end}{s}") for s in range(n)]


def _weight(s: int, weight: float) -> pl.Expr:
    """The effective weight: half of it to those who said `low` and half to those who said `high` where several are out, else by weight."""
    ends = [pl.when(pl.col(f"at_{end}{s}")).then(0.5 * weight / pl.col(f"sum_{end}")).otherwise(0.0) for end in ("low", "high")]
    return pl.when(~pl.col("good")).then(0.0).when(pl.col("several")).then(ends[0] + ends[1]).otherwise(pl.col(f"m{s}") / pl.col("total"))


def _mean_weight(s: int, weight: float) -> pl.Expr:
    return pl.when(pl.col(f"live{s}") & ~pl.col(f"out{s}")).then(weight).otherwise(0.0)
