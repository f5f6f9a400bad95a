import { defineTexts, type Shape } from '../i18n';

/** By code of a problem: what happened (`title`) and what to do next (`next`). */
export const en = {
  unknown: {
    title: 'The server refused this ({{code}})',
    next: 'Try again. If it happens again, report the request id.',
  },
  unreachable: {
    title: 'The server cannot be reached',
    next: 'Check your connection; the page goes on by itself when the server answers.',
  },
  unauthenticated: { title: 'You are not signed in any more', next: 'Sign in again; this page stays where it is.' },
  denied: { title: 'Your role does not allow this', next: 'Ask an administrator for the permission named below.' },
  not_found: { title: 'This does not exist (any more)', next: 'Go back to the list; somebody may have removed it.' },
  conflict: {
    title: 'The present state does not allow this',
    next: 'Read the reason below, then look at the current state.',
  },
  invalid: { title: 'The server does not accept this input', next: 'Correct what is named below.' },
  no_space: {
    title: 'There is no room for this',
    next: 'It is larger than the limit, or the disk of the server is full.',
  },
  timeout: { title: 'No answer in time', next: 'Try again in a moment.' },
  cancelled: { title: 'This was stopped', next: 'Start it again if it is still wanted.' },
  unavailable: { title: 'Not possible just now', next: 'Try again in a moment.' },
  corrupt: { title: 'The data is damaged', next: 'Send or build it again; its checksum is not what it should be.' },
  internal: { title: 'A fault in the server', next: 'Report the request id; the log of the server says more.' },
  throttled: { title: 'Too many tries', next: 'Wait as long as it says below, then try again.' },
  csrf: { title: 'This tab has an old session', next: 'Reload the page.' },
  wrong_credentials: { title: 'Name or password is wrong', next: 'Check both; capital letters count in the password.' },
  password_change_required: {
    title: 'Choose a password of your own first',
    next: 'Somebody else set the present one.',
  },
  weak_password: { title: 'This password is too weak', next: 'Take at least 10 characters, not your name.' },
  bad_name: { title: 'This name is not possible', next: 'Use small letters, digits, dots, dashes and underscores.' },
  bad_scope: { title: 'You cannot give this permission', next: 'A token may at most what you may yourself.' },
  bad_expiry: { title: 'This expiry is not possible', next: 'Choose between one second and 366 days.' },
  bad_cursor: { title: 'The list has changed meanwhile', next: 'Read it again from the beginning.' },
  last_admin: { title: 'This is the last administrator', next: 'Make somebody else administrator first.' },
  already_done: { title: 'This has been done already', next: 'Look at the current state.' },
  precondition_failed: {
    title: 'Somebody changed this meanwhile',
    next: 'Look at the newest version, then change it again.',
  },
  precondition_required: { title: 'The version that you change is missing', next: 'Reload the page and try again.' },
  idempotency_key_reused: {
    title: 'This request was sent before with other content',
    next: 'Reload the page and try again.',
  },
  code_refused: { title: 'This code is not valid', next: 'Check the digits, or make a new code.' },
  code_expired: { title: 'This code has expired', next: 'Make a new code.' },
  device_offline: {
    title: 'The device is offline',
    next: 'A command is not kept for later. The device asks for updates by itself when it is back.',
  },
  device_revoked: {
    title: 'This device is shut out',
    next: 'Its certificate was revoked; it has to be registered again.',
  },
  certificate_required: { title: 'A device certificate is needed', next: 'The device has to be registered first.' },
  request_refused: { title: 'The request of the device was refused', next: 'Read the reason below.' },
  other_device: { title: 'This belongs to another device', next: 'Check the id of the device.' },
  signature_wrong: { title: 'The signature is not right', next: 'Check the key with which it was signed.' },
  unsigned: {
    title: 'This version is not signed, and devices would refuse it',
    next: 'Sign it with the line below, then try again.',
  },
  signed_earlier: {
    title: 'This version was signed before the one that devices run',
    next: 'Devices take nothing older. To go back, sign it anew with the line below.',
  },
  wrong_code: { title: 'This is not the set-up code', next: 'The server printed it when it started; take the newest.' },
  needed_by_rollout: { title: 'A rollout needs this', next: 'Wait for the end of the rollout, or abort it.' },
  name_taken: { title: 'This name is taken', next: 'Choose another one.' },
  duplicate_version: { title: 'This version exists already', next: 'Give it another version.' },
  duplicate_file: { title: 'This very file is here already', next: 'Use the one named below.' },
  duplicate_title: { title: 'This title exists already', next: 'Give it another title.' },
  upload_incomplete: { title: 'The file has not arrived completely', next: 'Send it again.' },
  upload_finished: { title: 'This upload was finished before', next: 'Choose the file again.' },
  too_many: { title: 'There are as many as there may be', next: 'Remove one that is not needed any more.' },
};

export const ko: Shape<typeof en> = {
  unknown: { title: '서버가 거부했습니다({{code}})', next: '다시 시도하세요. 반복되면 요청 ID를 알려 주세요.' },
  unreachable: { title: '서버에 연결할 수 없습니다', next: '연결을 확인하세요. 서버가 응답하면 자동으로 이어집니다.' },
  unauthenticated: { title: '로그인이 끝났습니다', next: '다시 로그인하세요. 이 페이지는 그대로 유지됩니다.' },
  denied: { title: '권한이 없습니다', next: '아래 권한을 관리자에게 요청하세요.' },
  not_found: {
    title: '존재하지 않거나 삭제되었습니다',
    next: '목록으로 돌아가세요. 다른 사람이 삭제했을 수 있습니다.',
  },
  conflict: { title: '현재 상태에서는 할 수 없습니다', next: '아래 이유를 읽고 현재 상태를 확인하세요.' },
  invalid: { title: '입력이 올바르지 않습니다', next: '아래에 표시된 항목을 고치세요.' },
  no_space: { title: '공간이 부족합니다', next: '한도를 넘었거나 서버 디스크가 가득 찼습니다.' },
  timeout: { title: '응답 시간이 지났습니다', next: '잠시 후 다시 시도하세요.' },
  cancelled: { title: '중단되었습니다', next: '필요하면 다시 시작하세요.' },
  unavailable: { title: '지금은 할 수 없습니다', next: '잠시 후 다시 시도하세요.' },
  corrupt: { title: '데이터가 손상되었습니다', next: '체크섬이 맞지 않습니다. 다시 보내거나 다시 만드세요.' },
  internal: { title: '서버 내부 오류입니다', next: '요청 ID를 알려 주세요. 서버 로그에 자세한 내용이 있습니다.' },
  throttled: { title: '시도가 너무 많습니다', next: '아래에 표시된 시간만큼 기다린 뒤 다시 시도하세요.' },
  csrf: { title: '이 탭의 세션이 오래되었습니다', next: '페이지를 새로 고치세요.' },
  wrong_credentials: {
    title: '이름 또는 비밀번호가 틀렸습니다',
    next: '둘 다 확인하세요. 비밀번호는 대소문자를 구분합니다.',
  },
  password_change_required: {
    title: '먼저 자신의 비밀번호를 정하세요',
    next: '지금 비밀번호는 다른 사람이 정한 것입니다.',
  },
  weak_password: { title: '비밀번호가 너무 약합니다', next: '이름과 다른 10자 이상을 쓰세요.' },
  bad_name: { title: '사용할 수 없는 이름입니다', next: '영문 소문자, 숫자, 점, 하이픈, 밑줄을 쓰세요.' },
  bad_scope: { title: '줄 수 없는 권한입니다', next: '토큰은 자신이 가진 권한까지만 가질 수 있습니다.' },
  bad_expiry: { title: '사용할 수 없는 만료 기간입니다', next: '1초에서 366일 사이로 정하세요.' },
  bad_cursor: { title: '그사이 목록이 바뀌었습니다', next: '처음부터 다시 읽으세요.' },
  last_admin: { title: '마지막 관리자입니다', next: '먼저 다른 사람을 관리자로 지정하세요.' },
  already_done: { title: '이미 처리되었습니다', next: '현재 상태를 확인하세요.' },
  precondition_failed: { title: '그사이 다른 사람이 바꿨습니다', next: '최신 내용을 확인한 뒤 다시 바꾸세요.' },
  precondition_required: { title: '바꾸려는 버전 정보가 없습니다', next: '페이지를 새로 고친 뒤 다시 시도하세요.' },
  idempotency_key_reused: {
    title: '다른 내용으로 이미 보낸 요청입니다',
    next: '페이지를 새로 고친 뒤 다시 시도하세요.',
  },
  code_refused: { title: '유효하지 않은 코드입니다', next: '숫자를 확인하거나 새 코드를 만드세요.' },
  code_expired: { title: '코드가 만료되었습니다', next: '새 코드를 만드세요.' },
  device_offline: {
    title: '기기가 오프라인입니다',
    next: '명령은 보관되지 않습니다. 기기가 다시 연결되면 스스로 업데이트를 확인합니다.',
  },
  device_revoked: { title: '차단된 기기입니다', next: '인증서가 폐기되었습니다. 다시 등록해야 합니다.' },
  certificate_required: { title: '기기 인증서가 필요합니다', next: '먼저 기기를 등록하세요.' },
  request_refused: { title: '기기의 요청이 거부되었습니다', next: '아래 이유를 확인하세요.' },
  other_device: { title: '다른 기기의 것입니다', next: '기기 ID를 확인하세요.' },
  signature_wrong: { title: '서명이 올바르지 않습니다', next: '서명에 쓴 키를 확인하세요.' },
  unsigned: {
    title: '서명되지 않은 버전이라 기기가 거부합니다',
    next: '아래 명령으로 서명한 뒤 다시 시도하세요.',
  },
  signed_earlier: {
    title: '기기가 실행 중인 버전보다 먼저 서명된 버전입니다',
    next: '기기는 더 오래된 것을 받지 않습니다. 되돌리려면 아래 명령으로 새로 서명하세요.',
  },
  wrong_code: { title: '설정 코드가 아닙니다', next: '서버가 시작할 때 출력한 최신 코드를 쓰세요.' },
  needed_by_rollout: { title: '배포에 필요합니다', next: '배포가 끝나기를 기다리거나 중단하세요.' },
  name_taken: { title: '이미 쓰고 있는 이름입니다', next: '다른 이름을 쓰세요.' },
  duplicate_version: { title: '이미 있는 버전입니다', next: '다른 버전을 쓰세요.' },
  duplicate_file: { title: '같은 파일이 이미 있습니다', next: '아래에 표시된 것을 쓰세요.' },
  duplicate_title: { title: '이미 있는 제목입니다', next: '다른 제목을 쓰세요.' },
  upload_incomplete: { title: '파일이 끝까지 오지 않았습니다', next: '다시 보내세요.' },
  upload_finished: { title: '이미 끝난 업로드입니다', next: '파일을 다시 고르세요.' },
  too_many: { title: '더 만들 수 없습니다', next: '필요 없는 것을 먼저 지우세요.' },
};

const { translate, useTexts } = defineTexts('problems', en, ko);

/** Title and next step for any error, in the language of the interface. Use below `useProblemTexts()`. */
export function problemText(code: string): { title: string; next: string } {
  const known = (code in en ? code : 'unknown') as keyof typeof en;
  return { title: translate(`${known}.title`, { code }), next: translate(`${known}.next`) };
}
export const useProblemTexts = useTexts;
