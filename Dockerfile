# The image of both processes; the last argument says which: `controller` or `dispatcher`.
# BASE is any image with Python 3.11 as `python3` with its module venv, and libstdc++. Nothing is compiled, the page is
# built with a Node that does not go into the image, no command needs a shell, and the image runs as any user with a
# read-only root file system. What it is made of stands in /opt/hookwright/sbom.cdx.json (CycloneDX). Release builds
# name BASE by its digest.
#
#     docker build --tag hookwright .
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN ["python3", "-m", "venv", "/pip"]
COPY requirements.txt tools/install.py tools/packages.py ./
RUN ["/pip/bin/python", "install.py", "requirements.txt", "/opt/packages"]
COPY page page/
COPY tools/page.py tools/
RUN ["/pip/bin/python", "-m", "pip", "--quiet", "install", "--require-hashes", "-r", "page/requirements.txt"]
RUN ["/pip/bin/python", "tools/page.py", "build", "/opt/hookwright/hookwright/page"]
COPY operator/hookwright /opt/hookwright/hookwright
COPY LICENSE NOTICE /opt/hookwright/
RUN ["python3", "packages.py", "sbom", "/opt/packages", "/opt/hookwright/hookwright/page", "/opt/hookwright/sbom.cdx.json"]
RUN ["python3", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/opt/hookwright"]

FROM ${BASE}
LABEL org.opencontainers.image.title="Hookwright" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/packages /opt/packages
COPY --from=build /opt/hookwright /opt/hookwright
# USER: whatever the number of the user, it has no name in /etc/passwd, and kopf asks for one.
ENV PYTHONPATH=/opt/hookwright:/opt/packages PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 USER=hookwright
WORKDIR /
USER 65532:65532
ENTRYPOINT ["python3", "-m", "hookwright"]
CMD ["dispatcher"]
