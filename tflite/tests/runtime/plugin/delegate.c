// A delegate that computes ADD in its own way: its first input times a factor.
//
// Options: factor=NUMBER, log=FILE (a letter for each delegate made and destroyed), shapes=fixed, and
// fail=create|prepare|init|node|invoke.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/lite/core/c/common.h"

typedef struct {
  TfLiteDelegate delegate;
  float factor;
  int fixed;
  char log[512];
  char fail[16];
} Plugin;

static void note(const Plugin* plugin, char letter) {
  FILE* file = plugin->log[0] ? fopen(plugin->log, "a") : NULL;
  if (file == NULL) return;
  fputc(letter, file);
  fclose(file);
}

static int fails(const Plugin* plugin, const char* when) {
  return strcmp(plugin->fail, when) == 0;
}

static void* init(TfLiteContext* context, const char* buffer, size_t length) {
  (void)context;
  (void)length;
  Plugin* plugin = ((const TfLiteDelegateParams*)buffer)->delegate->data_;
  return fails(plugin, "init") ? NULL : plugin;
}

static TfLiteStatus prepare_node(TfLiteContext* context, TfLiteNode* node) {
  Plugin* plugin = node->user_data;
  if (plugin == NULL || fails(plugin, "node")) {
    context->ReportError(context, "the plugin does not want node %d", 7);
    return kTfLiteError;
  }
  return kTfLiteOk;
}

static TfLiteStatus invoke(TfLiteContext* context, TfLiteNode* node) {
  Plugin* plugin = node->user_data;
  if (fails(plugin, "invoke")) {
    context->ReportError(context, "the plugin cannot invoke");
    return kTfLiteError;
  }
  const TfLiteTensor* input = &context->tensors[node->inputs->data[0]];
  TfLiteTensor* output = &context->tensors[node->outputs->data[0]];
  for (size_t at = 0; at < output->bytes / sizeof(float); ++at)
    output->data.f[at] = plugin->factor * input->data.f[at];
  return kTfLiteOk;
}

static TfLiteStatus prepare(TfLiteContext* context, TfLiteDelegate* delegate) {
  Plugin* plugin = delegate->data_;
  if (fails(plugin, "prepare")) {
    context->ReportError(context, "the plugin is not prepared");
    return kTfLiteError;
  }
  TfLiteIntArray* plan;
  if (context->GetExecutionPlan(context, &plan) != kTfLiteOk) return kTfLiteError;
  TfLiteIntArray* taken = malloc(sizeof(int) * (1 + (size_t)plan->size));
  taken->size = 0;
  for (int at = 0; at < plan->size; ++at) {
    TfLiteNode* node;
    TfLiteRegistration* registration;
    if (context->GetNodeAndRegistration(context, plan->data[at], &node, &registration) != kTfLiteOk)
      continue;
    const int kBuiltinAdd = 0;
    if (registration->builtin_code == kBuiltinAdd) taken->data[taken->size++] = plan->data[at];
  }
  TfLiteRegistration kernel = {0};
  kernel.init = init;
  kernel.prepare = prepare_node;
  kernel.invoke = invoke;
  kernel.custom_name = "Plugin";
  TfLiteStatus status =
      context->ReplaceNodeSubsetsWithDelegateKernels(context, kernel, taken, delegate);
  free(taken);
  return status;
}

__attribute__((visibility("default"))) TfLiteDelegate* tflite_plugin_create_delegate(
    const char* const* keys, const char* const* values, size_t count,
    void (*report_error)(const char*)) {
  Plugin* plugin = calloc(1, sizeof *plugin);
  plugin->factor = 1;
  for (size_t at = 0; at < count; ++at) {
    if (strcmp(keys[at], "factor") == 0) plugin->factor = strtof(values[at], NULL);
    if (strcmp(keys[at], "shapes") == 0) plugin->fixed = strcmp(values[at], "fixed") == 0;
    if (strcmp(keys[at], "log") == 0)
      snprintf(plugin->log, sizeof plugin->log, "%s", values[at]);
    if (strcmp(keys[at], "fail") == 0)
      snprintf(plugin->fail, sizeof plugin->fail, "%s", values[at]);
  }
  if (fails(plugin, "create")) {
    report_error("there is no such device");
    report_error("and no other one");
    free(plugin);
    return NULL;
  }
  plugin->delegate.data_ = plugin;
  plugin->delegate.Prepare = prepare;
  if (!plugin->fixed) plugin->delegate.flags = kTfLiteDelegateFlagsAllowDynamicTensors;
  note(plugin, 'c');
  return &plugin->delegate;
}

__attribute__((visibility("default"))) void tflite_plugin_destroy_delegate(
    TfLiteDelegate* delegate) {
  if (delegate == NULL) return;
  note(delegate->data_, 'd');
  free(delegate->data_);
}
