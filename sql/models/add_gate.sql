-- Adds what a gate said of a model.
INSERT INTO ml.model_gates (model_id, gate, number, bound, is_passed, words)
VALUES (%(model_id)s, %(gate)s, %(number)s, %(bound)s, %(is_passed)s, %(words)s);
