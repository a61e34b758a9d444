"""The words of the catalogue: data classes, scopes, ways of billing, tasks, lifecycles."""

from django.db import models


class DataClass(models.TextChoices):
    """How sensitive the data of a workload is, least first."""

    PUBLIC = "public", "Public"
    INTERNAL = "internal", "Internal"
    CONFIDENTIAL = "confidential", "Confidential"
    RESTRICTED = "restricted", "Restricted"


class Scope(models.TextChoices):
    """How far from the chosen region Azure may process a call, farthest first."""

    GLOBAL = "global", "Global"
    DATAZONE = "datazone", "Data Zone"
    REGIONAL = "regional", "Regional"


class Billing(models.TextChoices):
    """What is paid for."""

    TOKENS = "tokens", "Per token"
    PTU = "ptu", "Per PTU and hour"
    BATCH = "batch", "Per token, in batches"


class Task(models.TextChoices):
    """What a model is good for."""

    CHAT = "chat", "Text and reasoning"
    EMBEDDING = "embedding", "Search and retrieval"
    REALTIME = "realtime", "Voice, in real time"
    AUDIO = "audio", "Voice in and out"
    SPEECH = "speech", "Text to speech"
    TRANSCRIPTION = "transcription", "Speech to text"
    IMAGE = "image", "Images"
    VIDEO = "video", "Video"


class Lifecycle(models.TextChoices):
    """What Microsoft says of a version; the retirement date counts, not this word alone."""

    GA = "GA", "Generally available"
    PREVIEW = "Preview", "Preview"
    DEPRECATED = "Deprecated", "Deprecated"
    RETIRED = "Retired", "Retired"
