"""Words for the kind's templates."""
