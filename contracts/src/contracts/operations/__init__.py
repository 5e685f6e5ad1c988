"""How the fleet itself runs: thresholds, advice on its size, reports, and whether anybody watches."""
