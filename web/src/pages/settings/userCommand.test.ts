import { expect, test } from 'vitest';
import { changeUserCommand, createUserCommand } from './userCommand';

const BOB = { name: 'bob', display: 'Bob', roles: ['viewer'], disabled: false, password: '' };

test('making a user: the password is asked for, never shown', () => {
  const carol = { name: 'carol ', display: "Carol O'Hara", roles: ['viewer', 'operator'], disabled: false };
  expect(createUserCommand({ ...carol, password: 'a long enough secret' })).toBe(
    "stratus user create carol --role viewer --role operator --display 'Carol O'\\''Hara'",
  );
});

test.each([
  ['what is as before', {}, 'stratus user set bob'],
  ['other roles', { roles: ['operator', 'auditor'] }, 'stratus user set bob --role operator --role auditor'],
  ['another name', { display: 'Bob B.' }, "stratus user set bob --display 'Bob B.'"],
  ['a lock', { disabled: true }, 'stratus user set bob --disable'],
  ['a new password', { password: 'a long enough secret' }, 'stratus user set bob --password-file -'],
])('changing a user: %s', (_, change, line) => {
  expect(changeUserCommand(BOB, { ...BOB, ...change })).toBe(line);
});

test('letting a user in again', () => {
  expect(changeUserCommand({ ...BOB, disabled: true }, BOB)).toBe('stratus user set bob --enable');
});

test.each([{ roles: [] }, { display: '' }])('what no command can take away has none: %j', (change) => {
  expect(changeUserCommand(BOB, { ...BOB, ...change })).toBeUndefined();
});
