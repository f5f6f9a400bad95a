import { ActionIcon, Anchor, Card, Group, Text, Title } from '@mantine/core';
import { Link } from 'react-router';
import { usePartNames } from '@/entities/rollout/api/partNames';
import { useRolloutTexts } from '@/entities/rollout/i18n';
import type { Rollout } from '@/entities/rollout/model/states';
import { useLanguage } from '@/shared/i18n';
import { formatTime, formatUtc } from '@/shared/lib/format';
import { useUrlParam } from '@/shared/lib/urlState';
import { Icon } from '@/shared/ui/icons';
import classes from './Calendar.module.css';
import { useTexts } from './i18n';
import { addMonths, monthOf, weeksOf } from './month';

interface Props {
  rollouts: readonly Rollout[];
  /** There are more than these. */
  more?: boolean;
}

/** What starts when, in local time: a month of days with links. The month is in the address. */
export function Calendar({ rollouts, more = false }: Props) {
  const t = useTexts();
  const words = useRolloutTexts();
  const language = useLanguage();
  const [word, setMonth] = useUrlParam('month');
  const starting = rollouts.filter((rollout) => rollout.start_at);
  const nameOf = usePartNames(starting.flatMap(({ contents }) => contents));
  if (starting.length === 0) return null;
  const month = addMonths(word || monthOf(nextStart(starting, new Date())), 0);
  const weeks = weeksOf(month, language === 'ko' ? 0 : 1);
  const weekday = new Intl.DateTimeFormat(language, { weekday: 'short' });
  const title = new Intl.DateTimeFormat(language, { year: 'numeric', month: 'long' }).format(weeks[1]![0]);
  const today = new Date().toDateString();
  return (
    <Card withBorder component="section" aria-label={t('calendar')}>
      <Group justify="space-between" mb="xs">
        <Group gap="sm" align="baseline">
          <Title order={2} size="h5">
            {title}
          </Title>
          <Text size="xs" c="dimmed">
            {t('zone', { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}
          </Text>
        </Group>
        <Group gap={4}>
          <Turn name={t('earlier')} icon="left" onClick={() => setMonth(addMonths(month, -1))} />
          <Turn name={t('later')} icon="right" onClick={() => setMonth(addMonths(month, 1))} />
        </Group>
      </Group>
      <table className={classes.month} aria-label={title}>
        <thead>
          <tr>
            {weeks[0]!.map((day) => (
              <th key={day.getDay()} scope="col">
                {weekday.format(day)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week[0]!.getTime()}>
              {week.map((day) => (
                <td
                  key={day.getTime()}
                  data-outside={monthOf(day) === month ? undefined : true}
                  data-today={day.toDateString() === today || undefined}
                  aria-current={day.toDateString() === today ? 'date' : undefined}
                >
                  <span className={classes.day}>{day.getDate()}</span>
                  <ul>
                    {starting
                      .filter(({ start_at }) => new Date(start_at ?? '').toDateString() === day.toDateString())
                      .map(({ id, state, start_at = '', title: name, contents }) => (
                        <li key={id}>
                          <Anchor component={Link} to={`/rollouts/${id}`} size="xs" title={formatUtc(start_at)}>
                            {formatTime(start_at, 'minute')} {name || contents.map(nameOf).join(', ')}
                          </Anchor>
                          {state === 'approval' && (
                            <Text size="xs" c="dimmed">
                              {words('state.approval')}
                            </Text>
                          )}
                        </li>
                      ))}
                  </ul>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more && (
        <Text size="xs" c="dimmed" mt="xs">
          {t('notAll', { count: rollouts.length })}
        </Text>
      )}
    </Card>
  );
}

/** When the next one starts; now, when all that are left should have begun. */
function nextStart(rollouts: readonly Rollout[], now: Date): Date {
  const times = rollouts.map(({ start_at }) => Date.parse(start_at ?? '')).filter((time) => time >= now.getTime());
  return times.length ? new Date(Math.min(...times)) : now;
}

function Turn({ name, icon, onClick }: { name: string; icon: 'left' | 'right'; onClick: () => void }) {
  return (
    <ActionIcon variant="default" aria-label={name} onClick={onClick}>
      <Icon name={icon} size={16} />
    </ActionIcon>
  );
}
