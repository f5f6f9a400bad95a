/** "2026-11" of a local date. */
export function monthOf(date: Date): string {
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}`;
}

/** `months` later, or earlier; what is no month is answered with the present one. */
export function addMonths(month: string, months: number, now = new Date()): string {
  const [, year, number] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  const first = year ? new Date(Number(year), Number(number) - 1, 1) : new Date(now.getFullYear(), now.getMonth(), 1);
  return monthOf(new Date(first.getFullYear(), first.getMonth() + months, 1));
}

/** The days of its weeks, whole ones. `firstDay`: 0 for weeks that begin on Sunday, 1 on Monday. */
export function weeksOf(month: string, firstDay: number): Date[][] {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const first = new Date(year, number - 1, 1);
  const before = (first.getDay() - firstDay + 7) % 7;
  const days = new Date(year, number, 0).getDate();
  return Array.from({ length: Math.ceil((before + days) / 7) }, (_, week) =>
    Array.from({ length: 7 }, (_unused, day) => new Date(year, number - 1, 1 - before + week * 7 + day)),
  );
}
