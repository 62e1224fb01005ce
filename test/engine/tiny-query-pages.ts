// The mode in which every laboratory has a DynamoDB table of its own, on a server for each file of tests.
import type { QueryCommandOutput } from "@aws-sdk/client-dynamodb";
import { beforeAll } from "vitest";
import { useTable } from "../aws/use-table.ts";
import { surroundWith } from "./modes.ts";
import { onNewTable } from "./on-table.ts";

const ITEMS = 2;

const client = useTable();
let largestPage = 0;

beforeAll(() => {
  client().middlewareStack.add(
    (next, { commandName }) =>
      async (request) => {
        const answer = await next(request);
        if (commandName === "QueryCommand") {
          const { Items: items = [] } = answer.output as QueryCommandOutput;
          largestPage = Math.max(largestPage, items.length);
        }
        return answer;
      },
    { step: "initialize" },
  );
});

surroundWith({ lab: () => onNewTable(client, ITEMS), evidence: () => ({ largestPage }) });
