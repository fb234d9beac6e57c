-- Undoes 0008: the rounds of the audits.

DROP TABLE hydra.audit_rounds;
