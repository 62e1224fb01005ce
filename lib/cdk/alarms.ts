// What a person should be told: runs that need one, letters that nobody could judge, and wake-ups that wait too long.
import { Duration, Stack } from "aws-cdk-lib";
import {
  type Alarm,
  ComparisonOperator,
  type IAlarmAction,
  Metric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { FilterPattern, type ILogGroup, MetricFilter } from "aws-cdk-lib/aws-logs";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

export interface AlarmsProps {
  readonly activationQueue: IQueue;
  readonly deadLetterQueues: readonly IQueue[];
  /** Logs of the functions that may find that a run cannot go on. */
  readonly logs: readonly ILogGroup[];
  /** What an alarm does. @default - nothing; alarms only show */
  readonly actions?: readonly IAlarmAction[] | undefined;
}

/** The line that lib/engine writes whenever a run stalls. */
export const STALLED_MESSAGE = "run stalled";

/** A wake-up is taken within seconds; this old, activations fail or there are too few of them. */
const OLDEST_WAKE_UP = Duration.minutes(5);
/** A dead letter is judged within its queue's minute; this old, judging it fails. */
const OLDEST_DEAD_LETTER = Duration.minutes(15);

export class Alarms extends Construct {
  /** A run has stalled: it waits for a person. */
  readonly stalled: Alarm;
  /** Wake-ups are not taken. */
  readonly oldestWakeUp: Alarm;
  /** Dead letters, of each queue, are not judged. */
  readonly oldestDeadLetters: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.stalled = countStalled(this, props.logs).createAlarm(this, "Stalled", {
      ...atLeast(1),
      alarmDescription:
        "A run has stalled. Its reason is in GET /runs?status=stalled; mend it, then retry the run.",
    });
    this.oldestWakeUp = oldestMessage(props.activationQueue).createAlarm(this, "OldestWakeUp", {
      ...atLeast(OLDEST_WAKE_UP.toSeconds()),
      alarmDescription: "Wake-ups are not taken. Look at the activation function's errors and throttles.",
    });
    this.oldestDeadLetters = props.deadLetterQueues.map((queue, index) =>
      oldestMessage(queue).createAlarm(this, `OldestDeadLetter${index}`, {
        ...atLeast(OLDEST_DEAD_LETTER.toSeconds()),
        alarmDescription: "Dead letters are not judged. Look at the dead-letter function's log.",
      }),
    );
    for (const alarm of [this.stalled, this.oldestWakeUp, ...this.oldestDeadLetters]) {
      alarm.addAlarmAction(...(props.actions ?? []));
    }
  }
}

function countStalled(scope: Construct, logs: readonly ILogGroup[]): Metric {
  const name = { namespace: `Perdure/${Stack.of(scope).stackName}`, metricName: "StalledRuns" };
  for (const [index, logGroup] of logs.entries()) {
    new MetricFilter(scope, `StalledRuns${index}`, {
      logGroup,
      filterPattern: FilterPattern.stringValue("$.message", "=", STALLED_MESSAGE),
      metricNamespace: name.namespace,
      metricName: name.metricName,
      metricValue: "1",
    });
  }
  return new Metric({ ...name, statistic: "Sum", period: Duration.minutes(1) });
}

function oldestMessage(queue: IQueue): Metric {
  return queue.metricApproximateAgeOfOldestMessage({ statistic: "Maximum", period: Duration.minutes(1) });
}

function atLeast(threshold: number) {
  return {
    threshold,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  };
}
