"""Small word lists with which sentences are told apart: rules, statements, first and second person."""

from __future__ import annotations

import re

_VERBS = """
accept acknowledge act adapt add address adjust admit advise agree aim alert align allow announce answer
apologise apologize apply approach archive arrange ask assemble assign assume attach attend attribute avoid
balance be bear begin bend bind book borrow break brew bring brush build buy calculate calibrate call cancel
care carry cast catch challenge change chart check choose circle cite clarify clean clear close code collect
combine come comment commit compare compile complete compute confess confirm connect consider consult
contact continue convert copy correct count cover create credit cross cut date deal decide decline define
delegate deliver describe design develop direct disagree disclose discourage discuss dismiss display
distinguish divide do document double draft draw dress drop earn edit embrace emphasise emphasize empty
encourage end engage enjoy ensure enter escalate establish estimate evaluate examine exercise expect explain
explore express face favor favour fetch file fill filter find finish fit fix flag focus fold follow forward
frame gather get give go greet group grow guard guess guide hand handle hang hear help hide highlight hold
honor honour identify ignore imagine improve include inform inquire insist inspect introduce investigate
invite isolate issue join judge jump justify keep label lay lead learn leave lecture lend let light limit
link list listen load localise locate lock log look lower maintain make manage map mark match measure meet
mend mention mind mirror mix move name narrow negotiate note notice number obey observe offer omit open
order organise organize outline own pack pair park pass pause pay phrase pick place plan play plot point
post pour praise prefer prepare present preserve press prevent print prioritise prioritize proceed process
produce promise proofread propose protect prove provide publish pull push put qualify question quote raise
rank rate read recheck reckon recommend reconcile record reduce refer refill refrain refuse register reject
relay release rely remain remind remove rename repair repeat replace reply report request require research
reserve resist resolve respect respond rest restate restore retain return reveal review revise reword
rewrite ring rinse roll round route run salt save say scan schedule seal search secure see seek select sell
send separate serve set settle share shelve shift show sign signal simplify sit skip slow smooth soften
solve sort sound spare speak specify spell split stack stamp stand start state stay step stick stop store
stress strike study suggest summarise summarize supply support surface sweep switch take talk teach
telephone tell test thank think tick tidy tie time toast touch trace track train transfer translate treat
trim trust try tune turn type understand undo update urge use value verify visit wait waive walk warm warn
wash watch weigh welcome wind wipe work wrap write yield
"""
#: Verbs with which a sentence that tells someone to do something may begin.
IMPERATIVES: frozenset[str] = frozenset(_VERBS.split())

#: Words that may stand before the verb of an imperative.
LEADS: frozenset[str] = frozenset(
    ("always", "never", "please", "also", "then", "first", "just", "only", "instead", "still", "simply", "do",
     "don't", "not", "and", "but", "so", "generally", "usually", "rather", "actively", "gently", "quietly")
)  # fmt: skip

#: Words after which a first word was a noun after all: ``Work is done at noon.``
_AFTER_NOUNS = frozenset(
    ("is", "are", "was", "were", "has", "have", "had", "can", "will", "of", "comes", "goes")
)

FIRST_PERSON = re.compile(r"\b(?:I|I['’](?:m|ve|d|ll)|me|my|mine|myself)\b")
SECOND_PERSON = re.compile(r"\b(?:you|you['’](?:re|ve|d|ll)|your|yours|yourself)\b", re.I)

_CONDITION = re.compile(
    r"(?:when|if|before|after|where|once|while|unless|until|for|in|at|on|with|as)\b[^,]{1,120},\s", re.I
)


def is_imperative(sentence: str) -> bool:
    """Return whether a sentence tells its reader to do something: a verb stands where a subject would."""
    words = re.findall(r"[\w'’]+", core(sentence).lower().replace("’", "'"))[:5]
    while len(words) > 1 and words[0] in LEADS and not (words[0] == "do" and words[1] != "not"):
        words = words[1:]
    return bool(words) and words[0] in IMPERATIVES and not set(words[1:2]) & _AFTER_NOUNS


def core(sentence: str) -> str:
    """Return a sentence from its main clause on: a condition in front (``If it rains, …``) is left out."""
    return sentence[main_clause(sentence) :]


def main_clause(sentence: str) -> int:
    """Return where the main clause of a sentence begins."""
    found = _CONDITION.match(sentence)
    return found.end() if found else 0
