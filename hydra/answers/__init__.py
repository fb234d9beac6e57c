"""What a run is asked: report, performance, why, status, audits, and the HTML page of it all."""
