// Answers of the admin API that the workbench and the definition read; names as in its OpenAPI document.

/** Any JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** GET /admin/v1/webhooks/NS/NAME/definition. */
export interface Definition {
  readonly webhook: string;
  readonly spec: Json | null;
  readonly defaults: Json;
  readonly bodyTemplate: string | null;
  readonly bodyTemplateFrom: string | null;
  readonly yaml: string | null;
  readonly problem: string | null;
}

/** One thing that is wrong, in the words of `hookwright validate`. */
export interface PreviewProblem {
  readonly field: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** From 1; 0: the place is not known. */
  readonly line: number;
  readonly column: number;
  readonly length: number;
  /** What to write instead of it. */
  readonly cure: string | null;
}

export interface PreviewRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** POST /admin/v1/preview. */
export interface Preview {
  readonly webhook: string;
  readonly trigger: string | null;
  readonly matched: boolean;
  readonly reasons: readonly string[];
  readonly request: PreviewRequest | null;
  readonly problems: readonly PreviewProblem[];
  readonly yaml: string | null;
  readonly tookMillis: number;
}

/** What the workbench reads of GET /admin/v1/deliveries/ID. */
export interface RecordedEvent {
  readonly id: string;
  readonly event: Json | null;
}

/** Triggers of which there is a sample. */
export const SAMPLE_TRIGGERS = [
  "RequestCreated",
  "RequestApproved",
  "RequestRejected",
  "RequestGranted",
  "RequestExpired",
  "RequestFailed",
  "Manual",
] as const;
