// Elementwise kernels on f32 vectors (AssemblyScript, raw addresses). Every loop walks in one fixed order and every operation
// is a single IEEE 754 one, so the result is the same on every machine. Lengths are in values; any length is exact.

export function zero(x: usize, n: usize): void {
  memory.fill(x, 0, n << 2);
}

/** y += x */
export function add(y: usize, x: usize, n: usize): void {
  const body = n & ~3;
  let i: usize = 0;
  for (; i < body; i += 4) {
    const o = i << 2;
    v128.store(y + o, f32x4.add(v128.load(y + o), v128.load(x + o)));
  }
  for (; i < n; i++) {
    const o = i << 2;
    store<f32>(y + o, load<f32>(y + o) + load<f32>(x + o));
  }
}

/** x *= factor */
export function scale(x: usize, factor: f32, n: usize): void {
  const body = n & ~3;
  const f = f32x4.splat(factor);
  let i: usize = 0;
  for (; i < body; i += 4) v128.store(x + (i << 2), f32x4.mul(f, v128.load(x + (i << 2))));
  for (; i < n; i++) store<f32>(x + (i << 2), factor * load<f32>(x + (i << 2)));
}

/** out = beta1 * m + (1 - beta1) * (sum * factor), with factor = 1 / count */
export function momentum(out: usize, m: usize, sum: usize, beta1: f32, rest: f32, factor: f32, n: usize): void {
  const body = n & ~3;
  const b = f32x4.splat(beta1);
  const r = f32x4.splat(rest);
  const f = f32x4.splat(factor);
  let i: usize = 0;
  for (; i < body; i += 4) {
    const o = i << 2;
    const g = f32x4.mul(f, v128.load(sum + o));
    v128.store(out + o, f32x4.add(f32x4.mul(b, v128.load(m + o)), f32x4.mul(r, g)));
  }
  for (; i < n; i++) {
    const o = i << 2;
    const g: f32 = factor * load<f32>(sum + o);
    store<f32>(out + o, beta1 * load<f32>(m + o) + rest * g);
  }
}

/** 1 where every |x| <= bound, else 0. A NaN compares false, so it is out of every bound. */
export function withinBound(x: usize, bound: f32, n: usize): i32 {
  const body = n & ~3;
  const b = f32x4.splat(bound);
  let i: usize = 0;
  // 64 values between two looks at the verdict: a branch a vector would cost as much as the comparison.
  while (i < body) {
    const end = min(body, i + 64);
    let ok = i32x4.splat(-1);
    for (; i < end; i += 4) ok = v128.and(ok, f32x4.le(f32x4.abs(v128.load(x + (i << 2))), b));
    if (!i32x4.all_true(ok)) return 0;
  }
  for (; i < n; i++) if (!(abs<f32>(load<f32>(x + (i << 2))) <= bound)) return 0;
  return 1;
}

/** Sum of squares in f64: four partial sums, value i into number i mod 4, then ((0 + 2) + (1 + 3)). */
export function squaredNorm(x: usize, n: usize): f64 {
  const body = n & ~3;
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  let i: usize = 0;
  for (; i < body; i += 4) {
    const values = v128.load(x + (i << 2));
    const a = f64x2.promote_low_f32x4(values);
    const b = f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  for (; i < n; i++) {
    const value = <f64>load<f32>(x + (i << 2));
    total += value * value;
  }
  return total;
}

/**
 * table[ids[i]] += rows[i] for i in order: the gradient of an embedding. Ids are u32 and must be smaller than the table's
 * rows (checked by the caller).
 */
export function scatterAddRows(table: usize, rows: usize, ids: usize, count: usize, width: usize): void {
  for (let i: usize = 0; i < count; i++) {
    const id: usize = load<u32>(ids + (i << 2));
    add(table + ((id * width) << 2), rows + ((i * width) << 2), width);
  }
}

/** Sum of all values, lane by lane: what reading the input once costs, the bound that the benchmark compares with. */
export function readSum(x: usize, n: usize): f32 {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let p = x, end = x + ((n & ~15) << 2); p < end; p += 64) {
    a = f32x4.add(a, v128.load(p));
    b = f32x4.add(b, v128.load(p, 16));
    c = f32x4.add(c, v128.load(p, 32));
    d = f32x4.add(d, v128.load(p, 48));
  }
  const s = f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3);
}
