// Program: fauxqs with the queues and the bucket of a deployment, in memory. Says where they are.
import { startFauxqs } from "fauxqs";
import { MAX_STEP_DELIVERIES, MAX_WAKE_UP_DELIVERIES } from "../../lib/limits.ts";

const server = await startFauxqs({ port: 0, logger: false });
const dead = server.createQueue("dead-letters");
const queue = (name: string, maxReceiveCount: number) =>
  server.createQueue(name, {
    attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.queueArn, maxReceiveCount }) },
  });
const activations = queue("activations", MAX_WAKE_UP_DELIVERIES);
const steps = queue("steps", MAX_STEP_DELIVERIES);
server.createBucket("blobs");
const pathOf = ({ queueUrl }: { readonly queueUrl: string }) => new URL(queueUrl).pathname;
const places = {
  port: server.port,
  activations: pathOf(activations),
  steps: pathOf(steps),
  deadLetters: pathOf(dead),
};
process.stdout.write(`ready ${JSON.stringify(places)}\n`);
