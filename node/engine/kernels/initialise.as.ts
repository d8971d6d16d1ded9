// Initial parameters from a counter-based generator: value i depends on (key, i) alone.

/** The output function of SplitMix64 (Steele, Lea and Flood 2014) at state x. */
@inline function mix(x: u64): u64 {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

@inline function fields(x: u64): i32 {
  return <i32>(x & 0xffff) + <i32>((x >> 16) & 0xffff) + <i32>((x >> 32) & 0xffff) + <i32>(x >> 48);
}

/**
 * Normal values of mean 0: the sum of twelve uniform 16-bit integers (Irwin-Hall), centred. Its variance is 1 to 2e-10 and
 * its tails end at 6 std. Not Box-Muller: that needs a logarithm and a cosine, which no standard makes equal everywhere.
 */
export function fillNormal(x: usize, key: u64, std: f64, n: usize): void {
  const golden: u64 = 0x9e3779b97f4a7c15;
  for (let i: usize = 0; i < n; i++) {
    const counter = key + <u64>i * 3 * golden;
    const sum = fields(mix(counter + golden)) + fields(mix(counter + 2 * golden)) + fields(mix(counter + 3 * golden));
    store<f32>(x + (i << 2), <f32>((<f64>(sum - 12 * 32767 - 6) * std) / 65536.0));
  }
}

export function fillConstant(x: usize, value: f32, n: usize): void {
  for (let i: usize = 0; i < n; i++) store<f32>(x + (i << 2), value);
}
