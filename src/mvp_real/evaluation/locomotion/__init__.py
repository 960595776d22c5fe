"""Does the walking policy walk? Named conditions on the full model, measures, ablations, reports, a study."""
