"""Change the catalogue: load its data files, edit a residency rule."""

from apps.catalog.services.load import Loaded, load_catalog
from apps.catalog.services.residency import change_residency_rule

__all__ = ["Loaded", "change_residency_rule", "load_catalog"]
