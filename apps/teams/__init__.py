"""Who asks, who decides, who pays."""
