// States of schedules that a run should reach now and then (sights.ts).
export const NO_TIMETABLE = {
  "schedules that ended": 0,
  "schedules that were deleted": 0,
  "schedules beside an earlier one": 0,
  "schedules that were updated": 0,
  "times kept": 0,
  "times skipped": 0,
  "times missed": 0,
  "runs started by hand": 0,
  "times filled in": 0,
  "scheduled runs that made room": 0,
};
export type TimetableSight = keyof typeof NO_TIMETABLE;
