"""What SciPy and statsmodels say of the counts that the collector's statistics are held against.

Prints one JSON object. `cargo xtask statistics` runs it and holds it against `reference.json`.
"""

import json

import numpy
from scipy import integrate, optimize, stats
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail
from statsmodels.stats.weightstats import DescrStatsW

# Who did it, and among how many.
RATES = [
    (0, 0), (0, 1), (1, 1), (0, 40), (3, 10), (7, 11), (12, 400), (48, 1_000), (52, 1_000),
    (500, 9_800), (560, 10_000), (9_990, 10_000), (20_000, 400_000), (2, 1_000_000),
]

PAIRS = [
    ((0, 0), (0, 0)), ((3, 10), (2, 12)), ((12, 400), (9, 380)), ((48, 1_000), (52, 1_000)),
    ((560, 10_000), (500, 9_800)), ((20_400, 400_000), (20_000, 400_000)), ((0, 40), (3, 50)),
    ((5, 30), (0, 40)), ((90, 100), (85, 100)),
]

SEVERAL = [
    [(3, 10), (2, 12), (4, 9)],
    [(48, 1_000), (52, 1_000), (60, 1_010), (40, 990)],
    [(0, 0), (5, 30), (0, 40)],
    [(500, 10_000), (500, 10_000), (560, 10_000)],
]

SHARED_OUT = [
    ([900, 100], [0.9, 0.1]), ([9_100, 900], [0.9, 0.1]), ([5_000, 5_150], [0.5, 0.5]),
    ([330, 341, 329], [1, 1, 1]), ([10_000, 9_000, 9_500, 9_400], [1, 1, 1, 1]),
    ([50_000, 5_000], [0.9, 0.1]),
]

# What each visitor brought, in the owner's currency.
REVENUES = [
    ([0.0] * 95 + [25.0, 25.0, 80.0, 12.5, 60.25], [0.0] * 97 + [25.0, 19.99, 40.0]),
    ([0.0] * 10 + [1.0] * 10, [0.0] * 15 + [1.0] * 5),
]

NEEDED = [(0.05, 0.1), (0.05, 0.2), (0.02, 0.5), (0.3, -0.1), (0.5, 0.05)]


def posterior(counts):
    did, among = counts
    return stats.beta(did + 1, among - did + 1)


def integral(function, over):
    """The integral of a function by the density of a distribution."""
    places = [over.ppf(q) for q in (0, 1e-12, 1e-6, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-6, 1 - 1e-12, 1)]
    total = 0.0
    for low, high in zip(places, places[1:]):
        if high > low:
            total += integrate.quad(
                lambda x: over.pdf(x) * function(x), low, high, epsabs=1e-13, epsrel=1e-11, limit=200
            )[0]
    return total


def lift(variant, control):
    one, other = posterior(variant), posterior(control)

    def below(ratio):
        return integral(lambda x: one.cdf(ratio * x), other)

    def bound(probability):
        root = optimize.brentq(lambda t: below(numpy.exp(t)) - probability, -12, 12, xtol=1e-11)
        return float(numpy.exp(root)) - 1

    return {
        "variant": variant,
        "control": control,
        "low": bound(0.025),
        "estimate": bound(0.5),
        "high": bound(0.975),
        "probability": 1 - below(1.0),
    }


def best(rates):
    all_of_them = [posterior(rate) for rate in rates]

    def is_best(place):
        others = [one for other, one in enumerate(all_of_them) if other != place]
        return integral(lambda x: float(numpy.prod([one.cdf(x) for one in others])), all_of_them[place])

    return {"rates": rates, "probabilities": [is_best(place) for place in range(len(rates))]}


def revenue(variant, control):
    def told(values):
        values = numpy.array(values)
        of = DescrStatsW(values)
        low, high = of.zconfint_mean()
        return {
            "visitors": len(values),
            "sum": float(values.sum()),
            "squares": float((values**2).sum()),
            "mean": float(of.mean),
            "error": float(of.std_mean),
            "low": float(low),
            "high": float(high),
        }

    one, other = told(variant), told(control)
    error = numpy.hypot(one["error"], other["error"])
    return {
        "variant": one,
        "control": other,
        "probability": float(stats.norm.cdf((one["mean"] - other["mean"]) / error)),
    }


def needed(rate, part):
    number = samplesize_proportions_2indep_onetail(
        rate * part, rate, 0.8, ratio=1, alpha=0.05, value=0, alternative="two-sided"
    )
    return {"rate": rate, "lift": part, "visitors": int(numpy.ceil(number))}


def main():
    def interval(counts):
        low, high = posterior(counts).ppf([0.025, 0.975])
        return {"counts": counts, "low": float(low), "high": float(high)}

    def shared_out(counts, shares):
        expected = numpy.array(shares) / sum(shares) * sum(counts)
        return {"counts": counts, "shares": shares, "p": float(stats.chisquare(counts, expected).pvalue)}

    reference = {
        "intervals": [interval(counts) for counts in RATES],
        "lifts": [lift(*pair) for pair in PAIRS],
        "best": [best(rates) for rates in SEVERAL],
        "shared_out": [shared_out(*one) for one in SHARED_OUT],
        "revenues": [revenue(*one) for one in REVENUES],
        "needed": [needed(*one) for one in NEEDED],
    }
    print(json.dumps(reference, indent=1))


main()
