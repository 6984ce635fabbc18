"""Counting bits of one template against sixteen at once, in vector instructions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

ROWS = 32  # of a template's plane, a word each
LANES = 16
# 28, the smallest overlap in use, is a multiple.
_UNROLL = 7


def _keeper(combine: str) -> Callable[..., Any]:
    """An intrinsic that compares a window of bit planes at one shift, and keeps the smaller weighted count.

    ``best[l] = min(best[l], weight * bits set in combine(probe, tile[l]))`` for the sixteen lanes of a tile. A
    numba loop over lanes does the same; LLVM leaves its sums in memory and takes several times as long.

    Parameters of the intrinsic
    ---------------------------
    probe : (n_planes * 32,) uint32
        Rows of the probe, already shifted sideways.
    probe_row : int
        First overlapping row of the first plane.
    tile : (n_planes * 32, 16) uint32
        The same rows of sixteen gallery templates, side by side.
    tile_row : int
        First overlapping row there.
    rows, planes : int
        Overlapping rows in a plane, and planes counted together.
    columns : uint32
        Ones in the overlapping columns.
    weight : float
        Factor of the count.
    best : (16,) float64
        Smallest weighted counts so far.
    """

    def keep(
        typingctx: Any, probe: Any, probe_row: Any, tile: Any, tile_row: Any, rows: Any, planes: Any, columns: Any,
        weight: Any, best: Any,
    ) -> Any:  # fmt: skip
        index = types.intp
        signature = types.void(probe, index, tile, index, index, index, types.uint32, types.float64, best)
        return signature, lambda *context: _generate(combine, *context)

    return intrinsic(keep)


keep_fewer_differing = _keeper("xor")
keep_fewer_common = _keeper("and_")


def _generate(combine: str, context: Any, builder: Any, signature: Any, args: Any) -> Any:
    probe, probe_row, tile, tile_row, rows, planes, columns, weight, best = args
    word, double = ir.IntType(32), ir.DoubleType()
    words, doubles = ir.VectorType(word, LANES), ir.VectorType(double, LANES)
    index = rows.type

    def data(position: int, value: Any, lanes: Any) -> Any:
        array = context.make_array(signature.args[position])(context, builder, value)
        return builder.bitcast(array.data, lanes.as_pointer())

    def spread(scalar: Any, lanes: Any) -> Any:
        one = builder.insert_element(ir.Constant(lanes, ir.Undefined), scalar, ir.Constant(word, 0))
        return builder.shuffle_vector(one, ir.Constant(lanes, ir.Undefined), ir.Constant(words, [0] * LANES))

    popcount = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(words, [words]), f"llvm.ctpop.v{LANES}i32"
    )
    probe_words = data(0, probe, word)
    tile_words = data(2, tile, words)
    best_lanes = data(8, best, doubles)
    column_mask = spread(columns, words)

    def found(probe_at: Any, tile_at: Any) -> Any:
        left = spread(builder.load(builder.gep(probe_words, [probe_at])), words)
        right = builder.load(builder.gep(tile_words, [tile_at]), align=4)
        return builder.call(popcount, [builder.and_(getattr(builder, combine)(left, right), column_mask)])

    zero = ir.Constant(words, [0] * LANES)
    counts = cgutils.alloca_once(builder, words)
    builder.store(zero, counts)

    def count(first: Any, steps: Any, unroll: int, probe_at: Any, tile_at: Any) -> None:
        with cgutils.for_range(builder, steps) as loop:
            total = builder.load(counts)
            for i in range(unroll):
                row = builder.add(first, builder.add(builder.mul(loop.index, index(unroll)), index(i)))
                total = builder.add(total, found(builder.add(probe_at, row), builder.add(tile_at, row)))
            builder.store(total, counts)

    with cgutils.for_range(builder, planes) as plane:
        offset = builder.mul(plane.index, index(ROWS))
        probe_at, tile_at = builder.add(probe_row, offset), builder.add(tile_row, offset)
        bundles = builder.udiv(rows, index(_UNROLL))
        bundled = builder.mul(bundles, index(_UNROLL))
        count(index(0), bundles, _UNROLL, probe_at, tile_at)
        count(bundled, builder.sub(rows, bundled), 1, probe_at, tile_at)

    weighted = builder.fmul(builder.uitofp(builder.load(counts), doubles), spread(weight, doubles))
    before = builder.load(best_lanes, align=8)
    smaller = builder.select(builder.fcmp_ordered("<", weighted, before), weighted, before)
    builder.store(smaller, best_lanes, align=8)
    return context.get_dummy_value()
