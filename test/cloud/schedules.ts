// The deployed schedule group, seen from outside.
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
} from "@aws-sdk/client-scheduler";
import type { Deployment } from "./deployment.ts";

/** Name of the schedule that is armed for a run. */
export async function findSchedule(
  { clients, outputs }: Deployment,
  runId: string,
): Promise<string | undefined> {
  const { ScheduleGroupName: GroupName } = outputs;
  const { Schedules: schedules = [] } = await clients.scheduler.send(new ListSchedulesCommand({ GroupName }));
  for (const { Name } of schedules) {
    // Another run's may be gone since it was listed.
    const { Target: target } = await clients.scheduler
      .send(new GetScheduleCommand({ GroupName, Name }))
      .catch((error: unknown) => {
        if (error instanceof ResourceNotFoundException) return { Target: undefined };
        throw error;
      });
    if (target?.Input?.includes(runId)) return Name;
  }
  return undefined;
}
