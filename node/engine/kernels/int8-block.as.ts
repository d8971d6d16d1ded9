// Encoding of int8 in blocks of 64 values (protocols/wire/int8-block.ts, README "Tensors"): the same bytes as there, four values at a time.
// A block is a bf16 scale, little-endian, and a signed byte a value. Addresses are raw, lengths in values; any length is exact.

const BLOCK: usize = 64;
const LEVELS: f32 = 127;
const SMALLEST: f32 = reinterpret<f32>(0x0d800000); // 2^-100
const NOT_FINITE: u32 = 0x7fc0;

function scaleOf(x: usize, n: usize): u32 {
  const body = n & ~3;
  let most = f32x4.splat(0);
  let i: usize = 0;
  // max gives NaN where one of two is.
  for (; i < body; i += 4) most = f32x4.max(most, f32x4.abs(v128.load(x + (i << 2))));
  let largest = max(
    max(f32x4.extract_lane(most, 0), f32x4.extract_lane(most, 1)),
    max(f32x4.extract_lane(most, 2), f32x4.extract_lane(most, 3)),
  );
  for (; i < n; i++) largest = max(largest, abs<f32>(load<f32>(x + (i << 2))));
  if (!(largest < f32.MAX_VALUE || largest == f32.MAX_VALUE)) return NOT_FINITE;
  let half = reinterpret<u32>(largest / LEVELS) >> 16;
  if (reinterpret<f32>(half << 16) * LEVELS > largest) half--;
  return reinterpret<f32>(half << 16) * LEVELS < SMALLEST ? 0 : half;
}

function levels(x: usize, scale: v128, most: v128, least: v128): v128 {
  const nearest = f32x4.nearest(f32x4.div(v128.load(x), scale));
  return i32x4.trunc_sat_f32x4_s(f32x4.max(least, f32x4.min(most, nearest)));
}

export function encodeInt8(out: usize, x: usize, n: usize): void {
  const most = f32x4.splat(LEVELS);
  const least = f32x4.splat(-LEVELS);
  for (let start: usize = 0; start < n; start += BLOCK) {
    const count = min(BLOCK, n - start);
    const from = x + (start << 2);
    const half = scaleOf(from, count);
    store<u16>(out, <u16>half);
    out += 2;
    if (half == 0 || half == NOT_FINITE) {
      memory.fill(out, 0, count);
      out += count;
      continue;
    }
    const scale = reinterpret<f32>(half << 16);
    const s = f32x4.splat(scale);
    const body = count & ~15;
    let i: usize = 0;
    for (; i < body; i += 16) {
      const p = from + (i << 2);
      const low = i16x8.narrow_i32x4_s(levels(p, s, most, least), levels(p + 16, s, most, least));
      const high = i16x8.narrow_i32x4_s(levels(p + 32, s, most, least), levels(p + 48, s, most, least));
      v128.store(out + i, i8x16.narrow_i16x8_s(low, high));
    }
    for (; i < count; i++) {
      const level = nearest<f32>(load<f32>(from + (i << 2)) / scale);
      store<i8>(out + i, <i8>(<i32>max<f32>(-LEVELS, min<f32>(LEVELS, level))));
    }
    out += count;
  }
}
