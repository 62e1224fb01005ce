// The public door of the API, for the rooms that host it: local and lambda.
export { type ApiOptions, createApi } from "./create-api.ts";
export { HttpFault, pathForLog, problemResponse } from "./problem.ts";
