//! The few distributions that intervals need.

/// The natural logarithm of the gamma function, for positive `x`. Lanczos' approximation with g = 7
/// and nine terms, which is right to some 1e-14.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let series = TERMS.iter().zip(0_u32..).skip(1);
    let sum = series.fold(TERMS[0], |sum, (term, at)| sum + term / (x + f64::from(at)));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The regularised incomplete beta function I_x(a, b), by Lentz' continued fraction (Numerical
/// Recipes, 6.4). P(Bin(n, p) ≥ k) is I_p(k, n − k + 1).
pub(crate) fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    // The fraction converges quickly below the mean; above it, the other tail is asked for.
    if x < (a + 1.0) / (a + b + 2.0) {
        ln_front.exp() * beta_fraction(a, b, x) / a
    } else {
        1.0 - ln_front.exp() * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TERMS_MAX: u32 = 10_000;
    let not_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in (1..TERMS_MAX).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / not_zero(1.0 + term * d);
            c = not_zero(1.0 + term / c);
            fraction *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-14 {
            break;
        }
    }
    fraction
}

/// The quantile of the standard normal distribution.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    // The t distribution with so many degrees of freedom is the normal one to nine digits.
    t_quantile(p, 1e10)
}

/// The quantile of Student's t distribution with `freedom` degrees of freedom, which need be no
/// whole number.
pub(crate) fn t_quantile(p: f64, freedom: f64) -> f64 {
    if p < 0.5 {
        return -t_quantile(1.0 - p, freedom);
    }
    let above = |t: f64| 1.0 - t_tail(t, freedom) >= p;
    let mut high = 1.0;
    while !above(high) && high < 1e9 {
        high *= 2.0;
    }
    bisect(0.0, high, above)
}

/// The chance of more than `t` (which is not negative), by Student's t distribution.
pub(crate) fn t_tail(t: f64, freedom: f64) -> f64 {
    if freedom > 1e6 {
        normal_tail(t)
    } else {
        0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
    }
}

/// The chance of more than `z` (which is not negative), by the normal distribution: a half of
/// Γ(1/2, z²/2) / Γ(1/2), as a series below 2 and Lentz' fraction above.
fn normal_tail(z: f64) -> f64 {
    let x = z * z / 2.0;
    let front = (-x).exp() * (x / std::f64::consts::PI).sqrt();
    if z < 2.0 {
        let (mut term, mut sum) = (2.0, 2.0);
        for n in (1..200).map(f64::from) {
            term *= x / (0.5 + n);
            sum += term;
        }
        return 0.5 * (1.0 - front * sum);
    }
    let mut b = x + 0.5;
    let (mut c, mut d) = (1e300, 1.0 / b);
    let mut fraction = d;
    for n in (1..200).map(f64::from) {
        let term = -n * (n - 0.5);
        b += 2.0;
        d = 1.0 / (term * d + b);
        c = b + term / c;
        fraction *= c * d;
    }
    0.5 * front * fraction
}

/// Where a condition that does not hold at `low`, but from some point on, begins to hold.
pub(crate) fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-6 * expected.abs().max(1.0)
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (p, expected) in [
            (0.5, 0.0),
            (0.95, 1.644_854),
            (0.975, 1.959_964),
            (0.995, 2.575_829),
            (0.025, -1.959_964),
            (0.9999, 3.719_016),
        ] {
            assert!(is_near(normal_quantile(p), expected), "{p}: {}", normal_quantile(p));
        }
        for (freedom, expected) in [
            (1.0, 12.706_205),
            (3.0, 3.182_446),
            (9.0, 2.262_157),
            (30.0, 2.042_272),
            (120.0, 1.979_930),
        ] {
            assert!(is_near(t_quantile(0.975, freedom), expected), "{freedom}");
        }
    }

    #[test]
    fn the_incomplete_beta_function_is_the_binomial_distribution() {
        // P(Bin(10, 0.3) ≥ 4), P(Bin(72, 0.95) ≥ 72), and its own symmetry far out.
        assert!(is_near(incomplete_beta(4.0, 7.0, 0.3), 0.350_389_281_6));
        assert!(is_near(incomplete_beta(72.0, 1.0, 0.95), 0.95_f64.powi(72)));
        let (a, b, x) = (9_500.0, 501.0, 0.951);
        assert!(is_near(incomplete_beta(a, b, x), 1.0 - incomplete_beta(b, a, 1.0 - x)));
        assert_eq!((incomplete_beta(2.0, 3.0, 0.0), incomplete_beta(2.0, 3.0, 1.0)), (0.0, 1.0));
    }

    #[test]
    fn ln_gamma_is_that_of_factorials() {
        for (n, factorial) in [(1.0, 1.0), (5.0, 24.0), (11.0, 3_628_800.0)] {
            assert!(is_near(ln_gamma(n), f64::ln(factorial)));
        }
        assert!(is_near(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln()));
    }
}
