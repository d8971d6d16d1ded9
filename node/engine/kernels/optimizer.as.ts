// AdamW from an aggregate of worker momenta (round.md, "Agreement: order, then execute"; Loshchilov and Hutter 2019 for the
// decoupled decay). With a = a_r and p = a_{r-1}:
//   g     = scale * (a - beta1 * p) * inverse         difference: the gradient that the momentum has taken in this round
//   v'    = beta2 * v + (1 - beta2) * g^2
//   theta' = decay * theta - rate * a / (sqrt(v' * correction) + epsilon)
// `secondMoment: aggregate` is the same with beta1 = 0 and inverse = 1. New values go to a shadow, so nothing is lost
// where the result is refused.
export function adamw(
  theta: usize, v: usize, p: usize, a: usize, thetaOut: usize, vOut: usize, n: usize,
  beta1: f32, inverse: f32, beta2: f32, rest2: f32, scale: f32, rate: f32, decay: f32, correction: f32, epsilon: f32,
): void {
  const body = n & ~3;
  const B1 = f32x4.splat(beta1);
  const I = f32x4.splat(inverse);
  const B2 = f32x4.splat(beta2);
  const R2 = f32x4.splat(rest2);
  const S = f32x4.splat(scale);
  const L = f32x4.splat(rate);
  const D = f32x4.splat(decay);
  const C = f32x4.splat(correction);
  const E = f32x4.splat(epsilon);
  let i: usize = 0;
  for (; i < body; i += 4) {
    const o = i << 2;
    const A = v128.load(a + o);
    const G = f32x4.mul(S, f32x4.mul(I, f32x4.sub(A, f32x4.mul(B1, v128.load(p + o)))));
    const V = f32x4.add(f32x4.mul(B2, v128.load(v + o)), f32x4.mul(R2, f32x4.mul(G, G)));
    v128.store(vOut + o, V);
    const step = f32x4.div(f32x4.mul(L, A), f32x4.add(f32x4.sqrt(f32x4.mul(V, C)), E));
    v128.store(thetaOut + o, f32x4.sub(f32x4.mul(D, v128.load(theta + o)), step));
  }
  for (; i < n; i++) {
    const o = i << 2;
    const A = load<f32>(a + o);
    const G: f32 = scale * (inverse * (A - beta1 * load<f32>(p + o)));
    const V: f32 = beta2 * load<f32>(v + o) + rest2 * (G * G);
    store<f32>(vOut + o, V);
    const step: f32 = (rate * A) / (sqrt<f32>(V * correction) + epsilon);
    store<f32>(thetaOut + o, decay * load<f32>(theta + o) - step);
  }
}
