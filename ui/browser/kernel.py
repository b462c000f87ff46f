"""The inner loop of every convolution as WebAssembly with SIMD, assembled here by hand: about 400 bytes, no build step.

``kernel(a0, a1, a2, a3, rows, gap, run, weights, bias, o0, o1, o2, o3)``, all of them int32, addresses in bytes: for four places
of the output at once, eight of its channels,

    o_j[c] = bias[c] + sum over r < rows, i < run of a_j[r, i] * weights[r, i, c],    c = 0 .. 7

where a_j[r, i] are floats in a row, ``run`` of them, and ``gap`` bytes lie between the end of a row and the start of the next.
With maps stored as (H, W, C), a row of a convolution's window is one run of floats, so nothing needs to be copied together first.
Eight sums of four floats stay in registers, with two vectors of weights and one input: 11 of the 16 that a CPU has.
engine.js has the same loop in JavaScript for browsers without SIMD.
"""

PLACES, I32, V128 = range(4), 0x7F, 0x7B
A, ROWS, GAP, RUN, WEIGHTS, BIAS, OUT, COUNT, SUMS, LOW, HIGH, SPLAT = 0, 4, 5, 6, 7, 8, 9, 13, 14, 22, 23, 24


def number(value: int) -> bytes:
    """An unsigned integer in LEB128."""
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + number(rest) if rest else bytes([low])


def counted(*items: bytes) -> bytes:
    return number(len(items)) + b"".join(items)


def sized(body: bytes) -> bytes:
    return number(len(body)) + body


get, put = (lambda code: lambda local: bytes([code]) + number(local))(0x20), (lambda code: lambda local: bytes([code, local]))(0x21)
plus, minus, end = b"\x6a", b"\x6b", b"\x0b"
constant = lambda value: b"\x41" + number(value)  # for values below 64, whose signed form is the same
simd = lambda code: b"\xfd" + number(code)
load = lambda offset: simd(0) + number(2) + number(offset)  # 16 bytes; floats lie on multiples of 4
load_splat = simd(9) + number(2) + number(0)  # one float, four times
store = lambda offset: simd(11) + number(2) + number(offset)
times, add = simd(230), simd(228)  # f32x4


def advance(local: int, by: bytes) -> bytes:
    return get(local) + by + plus + put(local)


def repeat(local: int, body: bytes) -> bytes:
    """The body as often as the local says, which is counted down to 0."""
    down = get(local) + constant(1) + minus + bytes([0x22, local])
    return b"\x03\x40" + body + down + b"\x0d\x00" + end


def assemble() -> bytes:
    """The module. It imports a memory as m.m and exports the function as k."""
    step = get(WEIGHTS) + load(0) + put(LOW) + get(WEIGHTS) + load(16) + put(HIGH) + advance(WEIGHTS, constant(32))
    for j in PLACES:
        step += get(A + j) + load_splat + put(SPLAT) + advance(A + j, constant(4))
        for half, part in enumerate((LOW, HIGH)):
            total = SUMS + 2 * j + half
            step += get(total) + get(SPLAT) + get(part) + times + add + put(total)
    row = get(RUN) + put(COUNT) + repeat(COUNT, step) + b"".join(advance(A + j, get(GAP)) for j in PLACES)
    code = b"".join(get(BIAS) + load(16 * half) + put(SUMS + 2 * j + half) for j in PLACES for half in (0, 1))
    code += repeat(ROWS, row)
    code += b"".join(get(OUT + j) + get(SUMS + 2 * j + half) + store(16 * half) for j in PLACES for half in (0, 1)) + end
    locals_ = counted(b"\x01" + bytes([I32]), b"\x0b" + bytes([V128]))  # COUNT; SUMS (8), LOW, HIGH, SPLAT
    sections = {
        1: counted(b"\x60" + sized(bytes([I32]) * 13) + b"\x00"),  # types: 13 integers to nothing
        2: counted(sized(b"m") + sized(b"m") + b"\x02\x00\x01"),  # imports: a memory of at least a page
        3: counted(b"\x00"),  # functions: one, of type 0
        7: counted(sized(b"k") + b"\x00\x00"),  # exports
        10: counted(sized(locals_ + code)),
    }
    return b"\x00asm\x01\x00\x00\x00" + b"".join(bytes([key]) + sized(body) for key, body in sections.items())
