import { currentLanguage } from '@/shared/i18n';
import { whoIs } from '@/shared/lib/whoIs';
import { rolloutText } from '../i18n';
import { isRolloutState } from './states';

/**
 * Sentences of rollouts as the server writes them, and the same in Korean. `{x}` is any text; `{cause}` is a sentence
 * again, `{state}` that of a rollout, `{who}` somebody. What is none of them (the words of a device, of a person) stays.
 * said.test.ts compares the list with the server's sources.
 */
export const SENTENCES: readonly (readonly [english: string, korean: string])[] = [
  // Why a rollout stands still or is over (src/stratus/rollout).
  [
    'gate of wave {wave}: {failed} of {total} devices failed (at most {most} % may, {least} % must succeed)',
    '{wave}단계 기준 미달: {total}대 중 {failed}대 실패(실패는 {most}% 이하, 성공은 {least}% 이상이어야 합니다)',
  ],
  ['paused by {who}: {text}', '{who} 님이 일시 중지: {text}'],
  ['paused by {who}', '{who} 님이 일시 중지'],
  ['aborted by {who}: {text}', '{who} 님이 중단: {text}'],
  ['aborted by {who}', '{who} 님이 중단'],
  ['rejected: {text}', '거부됨: {text}'],
  ['rejected', '거부됨'],
  ['the deadline passed before {count} devices were done', '{count}대가 끝나기 전에 기한이 지났습니다'],
  ["the rollout's deadline passed", '배포 기한이 지났습니다'],
  ['the deadline has passed', '기한이 지났습니다'],
  ['{done} of {total} devices succeeded', '{total}대 중 {done}대 성공'],
  ['{count} devices failed', '{count}대 실패'],
  // Its log.
  [
    '{count} devices, {out} left out: they went back and refuse it',
    '{count}대. {out}대는 되돌아가 이 버전을 거부하므로 제외했습니다',
  ],
  ['{count} devices, {out} left out', '{count}대 참여, {out}대 제외'],
  ['wave {wave} of {waves}, {count} devices', '{waves}단계 중 {wave}단계, {count}대'],
  ['{count} failed devices count no more', '실패한 {count}대는 더 세지 않습니다'],
  ['{count} devices taken out', '{count}대를 제외했습니다'],
  ['{count} devices', '{count}대'],
  ['a second person has to ask for the same', '다른 사람도 같은 요청을 해야 합니다'],
  ['together with {who}', '{who} 님과 함께'],
  // Why a device is not further.
  ['the rollout is {state}: {cause}', '배포 상태: {state} – {cause}'],
  ['the rollout is {state}', '배포 상태: {state}'],
  ['the rollout was rejected', '배포가 거부되었습니다'],
  ['the rollout was aborted', '배포가 중단되었습니다'],
  ['it is in wave {wave}, wave 0 is open', '{wave}단계에 속하며, 열린 단계가 없습니다'],
  ['it is in wave {wave}, wave {open} is open', '{wave}단계에 속하며, 지금은 {open}단계까지 열려 있습니다'],
  ['waits before the next attempt; {cause}', '다음 시도를 기다립니다. {cause}'],
  ['outside the maintenance window of its local time', '기기의 현지 시각이 점검 시간 밖입니다'],
  ['another rollout is updating it', '다른 배포가 업데이트하고 있습니다'],
  ['its turn comes by the rate or the number of devices under way', '속도 제한과 동시 진행 수에 따라 차례가 옵니다'],
  ['attempt {number}: {cause}', '{number}번째 시도: {cause}'],
  ['the return failed: {cause}', '되돌리기 실패: {cause}'],
  ['the return was cancelled on the device', '기기에서 되돌리기를 취소했습니다'],
  ['the return took too long', '되돌리기가 너무 오래 걸렸습니다'],
  ['cancelled after one content was done', '콘텐츠 하나를 마친 뒤 취소되었습니다'],
  ['taken out by {who}', '{who} 님이 제외했습니다'],
  ['cancelled on the device', '기기에서 취소했습니다'],
  ['cancelled, but the device did not say so in time', '취소했지만 기기가 제때 응답하지 않았습니다'],
  ['no result within the time of one attempt', '한 번의 시도 시간 안에 결과가 없습니다'],
  ['stays: nothing is known of what it ran before', '그대로 둡니다. 이전에 실행하던 버전을 알 수 없습니다'],
  // Why a device is left out.
  ['no such device', '없는 기기입니다'],
  ['its identity is revoked or it is out of service', '인증이 폐기되었거나 사용 중지된 기기입니다'],
  ['{release} is for {needs}, the device is a {has}', '{release} 대상은 {needs}인데, 기기는 {has}입니다'],
  ['{release} is for {needs}, the device is {has}', '{release} 대상은 {needs}인데, 기기는 {has}입니다'],
  [
    'it went back from {release} before; publish a new version',
    '전에 {release}에서 되돌아갔습니다. 새 버전을 올리세요',
  ],
  ['it follows {image}', '{image} 이미지를 따릅니다'],
  ['it runs this release already', '이미 이 버전을 실행합니다'],
];

const escaped = (text: string) => text.replace(/[.*+?^$()|[\]\\%,;:]/g, '\\$&');
const patterns = SENTENCES.map(([english, korean]) => ({
  pattern: new RegExp(`^${escaped(english).replace(/\{(\w+)\}/g, '(?<$1>.+?)')}$`, 's'),
  korean,
}));

/** What the server said about a rollout, in the language of the page. */
export function said(text: string): string {
  if (currentLanguage() === 'ko') {
    for (const { pattern, korean } of patterns) {
      const found = pattern.exec(text);
      if (found) return korean.replace(/\{(\w+)\}/g, (_, name: string) => value(name, found.groups?.[name] ?? ''));
    }
  }
  return text.replace(/\b((?:paused|aborted) by |together with )user:/, '$1');
}

function value(name: string, text: string): string {
  if (name === 'cause') return said(text);
  if (name === 'state') return isRolloutState(text) ? rolloutText(`state.${text}`) : text;
  return name === 'who' ? whoIs(text) : text;
}
