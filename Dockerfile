# The Lambda image: the function, its model and nothing else.
#
#   build-amazonlinux/build.sh target/amazonlinux
#   docker build -t tf-lite-lambda .
#   docker run --rm -p 8080:8080 tf-lite-lambda
#
# `build.sh` must run on a system whose glibc is not newer than that of the base; see
# build-amazonlinux/.
ARG BASE=public.ecr.aws/lambda/provided:al2023
FROM ${BASE}

COPY --chmod=755 target/amazonlinux/bootstrap ${LAMBDA_RUNTIME_DIR}/bootstrap
COPY --chmod=644 target/amazonlinux/clothing.tflite target/amazonlinux/clothing.labels.txt ${LAMBDA_TASK_ROOT}/

CMD ["bootstrap"]
