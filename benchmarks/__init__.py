"""Speed and memory beside the peers, as ratios within one run."""
