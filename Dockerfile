FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/timetracker
WORKDIR /src
COPY requirements/run.txt requirements/
RUN pip --python /opt/timetracker/bin/python install \
    --require-hashes --only-binary=:all: -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY alembic alembic
COPY src src
RUN pip --python /opt/timetracker/bin/python install --no-deps --no-build-isolation . \
    && /opt/timetracker/bin/python -m compileall -q /opt/timetracker/lib


FROM python:3.13-slim
ENV PATH=/opt/timetracker/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data \
    --shell /usr/sbin/nologin timetracker \
    && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=build /opt/timetracker /opt/timetracker
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# An empty ProxyHandler: a proxy configured for the container must not be asked for 127.0.0.1.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request as web; web.build_opener(web.ProxyHandler({})).open('http://127.0.0.1:' + os.getenv('TIMETRACKER_PORT', '8000') + '/health/ready', timeout=4)"]
ENTRYPOINT ["timetracker-api"]
CMD ["serve", "--host", "0.0.0.0"]
