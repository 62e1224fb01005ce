/** The user's module of workflows. The construct tells esbuild which file it is. */
declare module "perdure-workflows" {
  const exports: Readonly<Record<string, unknown>>;
  export = exports;
}
