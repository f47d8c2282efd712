# The Lambda image: the function, its model, and nothing else.
#
#   cargo xtask package          # with --target aarch64 for arm64, --weights to pack the model's weights beforehand
#   docker build --tag tf-lite-lambda .
#   docker run --rm --publish 8080:8080 tf-lite-lambda
#
# Lambda runs it as a user that owns none of the files, with all of them read-only.
ARG BASE=public.ecr.aws/lambda/provided:al2023
# hadolint ignore=DL3006
FROM ${BASE}

COPY --chmod=755 target/lambda/bootstrap ${LAMBDA_RUNTIME_DIR}/bootstrap
# The model, its labels, and what else was packed with them, such as a weight cache.
COPY target/lambda/task/ ${LAMBDA_TASK_ROOT}/

# Nobody changes the files of an image: they can be used as they lie there.
ENV TFLITE_STABLE_FILES=1

# The base starts bootstrap itself, and wants a name for what bootstrap handles.
CMD ["bootstrap"]
